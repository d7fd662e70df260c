// Tests with the openai client of Python, for `.ci/run`: pip brings it into a folder of its own. Where Python or the package cannot be had it
// says so and skips. The last line is `N passed, N failed`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localEnvironment } from "./bootstrap.mjs";
import { report, Skip, timedRun } from "./timed-run.mjs";

const { pythonWith, runTests } = timedRun(150_000);

const folder = mkdtempSync(join(tmpdir(), "retool-python-tests-"));
try {
  await report("tests with Python's openai client", async () => {
    if (process.env.RETOOL_CI_PYTHON === "0") throw new Skip("RETOOL_CI_PYTHON is 0");
    const python = await pythonWith(join(folder, "venv"), ["openai==3.57.0"]);
    return runTests(["apps/agent/test/python"], { env: { ...localEnvironment(), RETOOL_OPENAI_PYTHON: python } });
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
