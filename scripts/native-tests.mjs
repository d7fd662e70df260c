// The policy tests on native TensorFlow, for `.ci/run`: with the binding that is installed, or with one built against a TensorFlow that
// pip brings into a folder of its own. Where that cannot be had it says so and skips. The last line is `N passed, N failed`.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, localEnvironment, root } from "./bootstrap.mjs";

/** Time limit of everything, whatever the network and the machine. */
const END = performance.now() + 235_000;
const cli = join(root, "apps/retool/dist/cli.js");

/** Reason that the tests cannot run here. */
class Skip extends Error {}

/** Runs a program; `timedOut` when it took too long and was stopped. */
function run(program, args, { env = localEnvironment(), timeout = Infinity, show = false } = {}) {
  const left = Math.max(0, Math.min(timeout, END - performance.now()));
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(program, args, { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const stop = () => {
      if (child.pid === undefined) return; // it never began
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // it has ended
      }
    };
    let timedOut = false;
    const timer = setTimeout(() => ((timedOut = true), stop()), left);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
        if (show) process.stdout.write(chunk);
      });
    }
    child.once("error", (error) => (output += error.message));
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, output, timedOut });
    });
  });
}

const lastLine = (text) => text.trim().split("\n").at(-1)?.slice(0, 200) ?? "";

/** Runs a step of the installation and skips when it fails. */
async function need(what, program, args, timeout) {
  const { code, output, timedOut } = await run(program, args, { timeout });
  if (timedOut) throw new Skip(`${what}: it took too long`);
  if (code !== 0) throw new Skip(`${what}: ${lastLine(output)}`);
}

/** The environment in which native TensorFlow loads. */
async function nativeEnvironment(folder) {
  const installed = localEnvironment();
  if ((await run(process.execPath, [cli, "native", "status"], { timeout: 60_000 })).code === 0) return installed;
  if (process.platform !== "linux") throw new Skip(`the binding is built on Linux only, this is ${process.platform}`);
  const compiler = process.env.CXX || "c++";
  await need("no C++ compiler", compiler, ["--version"], 20_000);
  await need("no Python with venv", "python3", ["-m", "venv", join(folder, "venv")], 60_000);
  const python = join(folder, "venv/bin/python");
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    "--retries",
    "0",
    "--timeout",
    "15",
    "tensorflow-cpu",
  ];
  await need("no TensorFlow wheel", python, pip, 130_000);
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

/** Runs test files and counts; a run without counts is one failure. */
async function runTests(env, files) {
  const args = [join(root, "scripts/run.mjs"), "test", "--testTimeout=200000", ...files];
  const { output, code, timedOut } = await run(process.execPath, args, { env, show: true });
  if (timedOut) throw new Skip("they took too long");
  const [, passed, failed] = /^(\d+) passed, (\d+) failed/.exec(lastLine(output)) ?? [undefined, 0, 1];
  return { code, passed: Number(passed), failed: Number(failed) };
}

const folder = mkdtempSync(join(tmpdir(), "retool-native-tests-"));
try {
  if (process.env.RETOOL_CI_NATIVE === "0") throw new Skip("RETOOL_CI_NATIVE is 0");
  await ensureInstalled();
  await ensureBuilt();
  const env = { ...(await nativeEnvironment(folder)), RETOOL_TEST_BACKENDS: "native" };
  const all = await runTests(env, nativeTests());
  const portable = await runTests({ ...env, RETOOL_NATIVE_KERNELS: "0" }, PORTABLE).catch((error) => {
    if (!(error instanceof Skip)) throw error;
    console.log(`tests without the fused kernels skipped: ${error.message}`);
    return { code: 0, passed: 0, failed: 0, skipped: 1 };
  });
  process.exitCode = all.code || portable.code;
  const skipped = portable.skipped === undefined ? "" : ", 1 skipped";
  console.log(`${all.passed + portable.passed} passed, ${all.failed + portable.failed} failed${skipped}`);
} catch (error) {
  if (error instanceof Skip) console.log(`tests on native TensorFlow skipped: ${error.message}\n0 passed, 0 failed, 1 skipped`);
  else {
    console.error(error.message);
    console.log("0 passed, 1 failed");
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
