// Processor seconds that a process of Pyodide takes until it can begin a session, and milliseconds of a fresh session's first import; medians.
// Usage: node bench/python-start.mjs [REPEATS], with packages in the data folder (RETOOL_PYTHON_FOLDER).
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createSandbox } from "../dist/index.js";

const REPEATS = Number(process.argv[2] ?? 5);
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Processor seconds of the interpreters that this process has started and not ended. */
function interpreterSeconds() {
  let ticks = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${id}/cmdline`, "utf8").includes("pyodide-child")) continue;
      const fields = readFileSync(`/proc/${id}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      if (Number(fields[1]) === process.pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended.
    }
  }
  return ticks / TICKS;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const starts = [];
const readies = [];
const imports = { numpy: [], scipy: [], sympy: [] };
for (let i = 0; i < REPEATS; i++) {
  const before = performance.now();
  const sandbox = await createSandbox({ language: "python", python: { backend: "pyodide" }, limits: { fuel: 1e5, wallMs: 600_000 } });
  readies.push((performance.now() - before) / 1_000);
  starts.push(interpreterSeconds());
  for (const [name, times] of Object.entries(imports)) {
    const { status, usage } = await sandbox.run(`import ${name}`);
    if (status === "ok") times.push(usage.wallMs);
  }
  await sandbox.close();
}
const figures = { startCpuSeconds: median(starts), createSandboxSeconds: Number(median(readies).toFixed(2)) };
for (const [name, times] of Object.entries(imports)) if (times.length > 0) figures[`import_${name}_ms`] = Math.round(median(times));
console.log(JSON.stringify({ ...figures, all: starts }));
