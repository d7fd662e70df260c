// The policy tests on native TensorFlow, for `.ci/run`: with the binding that is installed, or with one built against a TensorFlow that
// pip brings into a folder of its own. Where that cannot be had it says so and skips. The last line is `N passed, N failed`.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, localEnvironment, root } from "./bootstrap.mjs";
import { lastLine, report, Skip, timedRun } from "./timed-run.mjs";

const { run, need, pythonWith, runTests } = timedRun(235_000);
const cli = join(root, "apps/retool/dist/cli.js");
const options = ["--testTimeout=200000"];

/** The environment in which native TensorFlow loads. */
async function nativeEnvironment(folder) {
  const installed = localEnvironment();
  if ((await run(process.execPath, [cli, "native", "status"], { timeout: 60_000 })).code === 0) return installed;
  if (process.platform !== "linux") throw new Skip(`the binding is built on Linux only, this is ${process.platform}`);
  const compiler = process.env.CXX || "c++";
  await need("no C++ compiler", compiler, ["--version"], 20_000);
  const python = await pythonWith(join(folder, "venv"), ["tensorflow-cpu"], { timeout: 130_000 });
  const env = { ...installed, RETOOL_NATIVE_DIR: join(folder, "native") };
  const built = await run(process.execPath, [cli, "native", "install", "--quiet", "--from-tensorflow", python], { env });
  if (/Node's headers|tfjs-node.*sources/.test(built.output)) throw new Skip(lastLine(built.output));
  if (built.timedOut) throw new Skip("building the binding took too long");
  if (built.code !== 0) throw new Error(`retool native install: ${lastLine(built.output)}`);
  return env;
}

/** Test files that run on every backend that loads. */
function nativeTests() {
  const files = ["packages/policy/src", "packages/policy/test"].flatMap((from) =>
    readdirSync(join(root, from), { recursive: true }).map((file) => join(from, file)),
  );
  return files.filter((file) => file.endsWith(".test.ts") && readFileSync(join(root, file), "utf8").includes("/backends.js"));
}

/** Tests that run a second time without the fused kernels, on the operations that downloaded bindings and GPUs use. */
const PORTABLE = ["src/ops/ops", "src/ops/linear", "src/local-engine", "src/lora/lora-training", "test/lora", "test/transformers"].map(
  (name) => `packages/policy/${name}.test.ts`,
);

const folder = mkdtempSync(join(tmpdir(), "retool-native-tests-"));
try {
  await report("tests on native TensorFlow", async () => {
    if (process.env.RETOOL_CI_NATIVE === "0") throw new Skip("RETOOL_CI_NATIVE is 0");
    await ensureInstalled();
    await ensureBuilt();
    const env = { ...(await nativeEnvironment(folder)), RETOOL_TEST_BACKENDS: "native" };
    const all = await runTests(nativeTests(), { env, options });
    const portable = await runTests(PORTABLE, { env: { ...env, RETOOL_NATIVE_KERNELS: "0" }, options }).catch((error) => {
      if (!(error instanceof Skip)) throw error;
      console.log(`tests without the fused kernels skipped: ${error.message}`);
      return { code: 0, passed: 0, failed: 0, skipped: 1 };
    });
    const [passed, failed] = [all.passed + portable.passed, all.failed + portable.failed];
    return { code: all.code || portable.code, passed, failed, skipped: portable.skipped };
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
