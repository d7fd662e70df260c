// Programs that `.ci/run` starts for tests which need more than Node: all within one time limit, and skipped where a part cannot be had.
import { spawn } from "node:child_process";
import { localEnvironment, root } from "./bootstrap.mjs";

/** Reason that tests cannot run here. */
export class Skip extends Error {}

export const lastLine = (text) => text.trim().split("\n").at(-1)?.slice(0, 200) ?? "";

/** Starts programs that all end, with their children, when the limit is over, whatever the network and the machine. */
export function timedRun(limitMs) {
  const end = performance.now() + limitMs;

  /** Runs a program; `timedOut` when it took too long and was stopped. */
  function run(program, args, { env = localEnvironment(), timeout = Infinity, show = false } = {}) {
    const left = Math.max(0, Math.min(timeout, end - performance.now()));
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

  /** Runs a step of the installation and skips when it fails. */
  async function need(what, program, args, timeout) {
    const { code, output, timedOut } = await run(program, args, { timeout });
    if (timedOut) throw new Skip(`${what}: it took too long`);
    if (code !== 0) throw new Skip(`${what}: ${lastLine(output)}`);
  }

  /** Makes an environment of Python and has pip bring packages into it. */
  async function pythonWith(folder, packages, { from = "python3", timeout } = {}) {
    await need("no Python with venv", from, ["-m", "venv", folder], 60_000);
    const python = `${folder}/bin/python`;
    const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--retries", "0", "--timeout", "15"];
    await need(`no ${packages.join(", ")}`, python, [...pip, ...packages], timeout);
    return python;
  }

  /** Runs test files and counts; a run without counts is one failure. */
  async function runTests(files, { env = localEnvironment(), options = [] } = {}) {
    const args = [`${root}/scripts/run.mjs`, "test", ...options, ...files];
    const { output, code, timedOut } = await run(process.execPath, args, { env, show: true });
    if (timedOut) throw new Skip("they took too long");
    const [, passed, failed] = /^(\d+) passed, (\d+) failed/.exec(lastLine(output)) ?? [undefined, 0, 1];
    return { code, passed: Number(passed), failed: Number(failed) };
  }

  return { run, need, pythonWith, runTests };
}

/** Runs tests and prints their last line, `N passed, N failed[, N skipped]`; the exit code tells whether one failed. */
export async function report(title, tests) {
  try {
    const { code, passed, failed, skipped = 0 } = await tests();
    process.exitCode = code;
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  } catch (error) {
    if (error instanceof Skip) console.log(`${title} skipped: ${error.message}\n0 passed, 0 failed, 1 skipped`);
    else {
      console.error(error.message);
      console.log("0 passed, 1 failed");
      process.exitCode = 1;
    }
  }
}
