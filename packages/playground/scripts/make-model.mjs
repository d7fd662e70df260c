// Makes the policy that the page starts from: the quickstart's cold start with seed 1, as 16-bit floats. It takes a minute, and gives the same
// bytes each time. `npm run build` first. Writes to src/model, or to the folder that is named.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = join(import.meta.dirname, "../../..");
const target = resolve(process.argv[2] ?? join(import.meta.dirname, "../src/model"));
const scratch = mkdtempSync(join(tmpdir(), "retool-model-"));

/** Runs the command line of this checkout. */
function retool(...args) {
  const { status } = spawnSync(process.execPath, [join(root, "apps/retool/dist/cli.js"), ...args], { stdio: "inherit" });
  if (status !== 0) throw new Error(`retool ${args[0]} ended with ${status}`);
}

try {
  retool("sft", "--preset", "tiny", "--set", "seed=1", "--set", "backend=wasm", "--output", join(scratch, "run"));
  rmSync(target, { recursive: true, force: true });
  retool("export", join(scratch, "run"), "--dtype", "float16", "--output", target);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
