// `pnpm bench sandbox [runs]`: runs, turns, forks and latencies of the sandbox, beside a fresh child process.
// `pnpm bench step [steps]`: CPU seconds of one GRPO step of the tiny model, ours and, where it is installed, TRL's for the same work.
// The peer runs when RETOOL_BENCH_PYTHON names a Python with trl and RETOOL_SHARED the folder that holds bench/trl_grpo_step.py.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, localEnvironment, root } from "./bootstrap.mjs";

const [what, count] = process.argv.slice(2);
if ((what !== "step" && what !== "sandbox") || !/^[1-9]\d*$/.test(count ?? "1")) {
  console.error("usage: pnpm bench step [steps] | sandbox [runs]");
  process.exit(2);
}
await ensureInstalled();
await ensureBuilt();
if (what === "sandbox") {
  console.log(JSON.stringify(await lastLine(process.execPath, [join(root, "packages/sandbox/bench/sandbox.mjs"), count ?? "2000"])));
  process.exit();
}
const steps = count ?? "6";
const ours = await lastLine(process.execPath, [join(root, "packages/policy/bench/step.mjs"), steps]);
console.log(JSON.stringify(ours));

const { RETOOL_BENCH_PYTHON: python, RETOOL_SHARED: shared } = process.env;
const script = shared && join(shared, "bench/trl_grpo_step.py");
if (!python || !script || !existsSync(script)) {
  console.log("peer skipped: set RETOOL_BENCH_PYTHON to a Python with trl, and RETOOL_SHARED to the folder with bench/trl_grpo_step.py");
} else {
  const peer = await lastLine(python, [script, steps]).catch((error) => error);
  if (peer instanceof Error) {
    console.error(`the peer failed: ${peer.message}`);
    process.exitCode = 1;
  } else {
    console.log(JSON.stringify(peer));
    console.log(`ours takes ${(ours.cpu_s_per_step / peer.cpu_s_per_step).toFixed(2)} times the peer's CPU seconds a step`);
  }
}

/** Runs a program and parses the last line that it prints. */
function lastLine(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: localEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      const line = output.trim().split("\n").at(-1) ?? "";
      if (code === 0 && line.startsWith("{")) resolve(JSON.parse(line));
      else reject(new Error(`${program} ${args.join(" ")} ended with code ${code}: ${line}`));
    });
  });
}
