// Tests with the openai client of Python, for `.ci/run`: pip brings it into a folder of its own. Where Python or the package cannot be had it
// says so and skips. The last line is `N passed, N failed`.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localEnvironment, root } from "./bootstrap.mjs";

/** Time limit of everything, whatever the network and the machine. */
const END = performance.now() + 150_000;
const PACKAGE = "openai==3.57.0";

/** Runs a program; its last line of output is `said`. */
function run(program, args, { env = localEnvironment(), show = false } = {}) {
  return new Promise((resolve) => {
    let output = "";
    const timeout = Math.max(1, Math.floor(END - performance.now()));
    const child = spawn(program, args, { cwd: root, env, timeout, killSignal: "SIGKILL", stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
        if (show) process.stdout.write(chunk);
      });
    }
    child.once("error", (error) => (output += error.message));
    child.once("close", (code, signal) => {
      const said = signal === "SIGKILL" ? "it took too long" : (output.trim().split("\n").at(-1)?.slice(0, 200) ?? "");
      resolve({ code: code ?? 1, said });
    });
  });
}

/** A Python that has the package, or the reason why there is none. */
async function pythonWithPackage(folder) {
  const python = join(folder, "bin/python");
  const made = await run("python3", ["-m", "venv", folder]);
  if (made.code !== 0) return { reason: `no Python with venv: ${made.said}` };
  const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--retries", "0", "--timeout", "15"];
  const installed = await run(python, [...pip, PACKAGE]);
  return installed.code === 0 ? { python } : { reason: `no ${PACKAGE}: ${installed.said}` };
}

const folder = mkdtempSync(join(tmpdir(), "retool-python-tests-"));
try {
  const { python, reason } =
    process.env.RETOOL_CI_PYTHON === "0" ? { reason: "RETOOL_CI_PYTHON is 0" } : await pythonWithPackage(join(folder, "venv"));
  if (reason !== undefined) console.log(`tests with Python's openai client skipped: ${reason}\n0 passed, 0 failed, 1 skipped`);
  else {
    const env = { ...localEnvironment(), RETOOL_OPENAI_PYTHON: python };
    const { code, said } = await run(process.execPath, [join(root, "scripts/run.mjs"), "test", "apps/agent/test/python"], {
      env,
      show: true,
    });
    if (!/^\d+ passed, \d+ failed/.test(said)) console.log("0 passed, 1 failed");
    process.exitCode = code;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
