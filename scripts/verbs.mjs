import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureBuilt, ensureInstalled, localEnvironment, root } from "./bootstrap.mjs";

const USAGE = `Usage: node scripts/run.mjs <verb> [arguments]

  retool [arguments]   runs the command line, installing and building first if something changed
  example              runs the example of a tool and a reward of one's own
  test [arguments]     runs every test but the long ones; arguments go to vitest
  test:long [arguments]  runs the long tests: leaks, soaks and other checks that take minutes
  build                builds every package and the command line, with type declarations`;

/** Runs one verb. Sets the exit code; throws only when the checkout cannot be made ready. */
export async function main([verb, ...args]) {
  if (verb === "retool") return runCommandLine(args);
  if (verb === "example") return runExample();
  if (verb === "test") return runTests(args, {});
  if (verb === "test:long") return runTests(args, { RETOOL_LONG: "1" });
  if (verb === "build") return prepare({ declarations: true });
  console.error(USAGE);
  process.exitCode = verb === undefined || verb === "--help" || verb === "-h" ? 0 : 2;
}

async function prepare(options) {
  await ensureInstalled();
  await ensureBuilt(options);
}

/** The command line runs in this very process: its stdin, exit code and signals are the real ones. */
async function runCommandLine(args) {
  await prepare();
  const cli = join(root, "apps/retool/dist/cli.js");
  process.argv.splice(1, process.argv.length, cli, ...args);
  deliverInterruptsOnce();
  await import(pathToFileURL(cli).href);
}

async function runExample() {
  await prepare();
  await import(pathToFileURL(join(root, "apps/lookup/dist/main.js")).href);
}

/**
 * One Ctrl-C arrives twice under `npm run`: from the terminal, and again from npm, which passes on what it got. The second of such a
 * pair would look like an impatient user, so a SIGINT within half a second of another is dropped.
 */
function deliverInterruptsOnce() {
  const emit = process.emit;
  let last = Number.NEGATIVE_INFINITY;
  process.emit = function (event, ...rest) {
    if (event === "SIGINT") {
      const now = performance.now();
      const repeated = now - last < 500;
      last = now;
      if (repeated) return true;
    }
    return emit.call(this, event, ...rest);
  };
}

/** Runs vitest over all projects, with `variables` in its environment. The last line is `N passed, N failed`; a run without any test has failed. */
async function runTests(args, variables) {
  await prepare();
  const folder = mkdtempSync(join(tmpdir(), "retool-test-"));
  const tallyFile = join(folder, "tally.json");
  try {
    const code = await vitest(args, { ...variables, RETOOL_TALLY_FILE: tallyFile });
    const { passed, failed, skipped, failures: reasons } = readTally(tallyFile);
    for (const reason of reasons) console.log(`failed: ${reason}`);
    const failures = failed === 0 && (code !== 0 || passed === 0) ? 1 : failed;
    console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
    process.exitCode = failures === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function vitest(args, variables) {
  const program = join(root, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", `--reporter=${join(root, "scripts/tally-reporter.mjs")}`];
  const env = { ...localEnvironment(), ...variables };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "run", ...reporters, ...args], { cwd: root, env, stdio: "inherit" });
    process.on("SIGINT", () => {}); // vitest has its own; stay for its tally
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

function readTally(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: 0, skipped: 0, failures: [] };
  }
}
