// node bench/sandbox.mjs [runs]: figures of the built sandbox, one worker, beside fresh child processes and, where it can be imported
// (RETOOL_BENCH_MODULES names a folder that has it in node_modules), isolated-vm. Prints a table, and last one JSON line.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createSandbox } from "../dist/index.js";
import { printTable } from "./table.mjs";
import { pythonFigures } from "./python.mjs";

const runs = Number(process.argv[2] ?? 2_000);
const REPEATS = 5;
const sandbox = await createSandbox({ workers: 1 });
const codes = Array.from({ length: runs }, (_, i) => `${i} * 2`);
await sandbox.runBatch(codes);

const cpuStart = process.cpuUsage();
const freshMs = await best(async () => void (await sandbox.runBatch(codes)));
const { user, system } = process.cpuUsage(cpuStart);
const freshCpuMs = (user + system) / 1_000 / REPEATS;

const session = await sandbox.open();
await session.run("let n = 0; const list = range(1, 10000)");
const turns = 200;
const turnsMs = await best(async () => {
  for (let i = 0; i < turns; i++) await session.run("n += list.length; n");
});
const forks = 1_000;
const forkMs = await best(async () => {
  for (const fork of await session.fork(forks)) await fork.close();
});
const forkTurnMs = await best(async () => {
  for (const fork of await session.fork(50)) {
    await fork.run("n");
    await fork.close();
  }
});
const from = await session.snapshot();
const snapshotMs = await best(async () => void (await session.snapshot()));
const restoreMs = await best(() => restore(sandbox, from, "n"));

const latencies = [];
await Promise.all(
  codes.map(async (code) => {
    const startMs = performance.now();
    await sandbox.run(code);
    latencies.push(performance.now() - startMs);
  }),
);
latencies.sort((a, b) => a - b);
await sandbox.close();

const preloaded = await createSandbox({ workers: 1, preload: ["fraction", "decimal"] });
const half = await preloaded.open();
await half.run("const half = new Fraction(1, 2)");
const halfFrom = await half.snapshot();
await preloaded.runBatch(codes);
const preloadFreshMs = await best(async () => void (await preloaded.runBatch(codes)));
const preloadRestoreMs = await best(() => restore(preloaded, halfFrom, "half.add(half)"));
await preloaded.close();

const nodeMs = childMs(process.execPath, ["-p", "1+1"]);
const pythonMs = childMs("/usr/bin/python3", ["-c", "print(1+1)"]) ?? childMs("python3", ["-c", "print(1+1)"]);
const isolateMs = await isolatedVmMs();

const freshRunMs = freshMs / runs;
const figures = {
  fresh_runs_per_s: Math.round(1_000 / freshRunMs),
  fresh_runs_per_cpu_s: Math.round((1_000 * runs) / freshCpuMs),
  session_turn_ms: round(turnsMs / turns),
  fork_ms: round(forkMs / forks),
  fork_and_turn_ms: round(forkTurnMs / 50),
  snapshot_ms: round(snapshotMs),
  snapshot_bytes: from.length,
  restore_and_turn_ms: round(restoreMs),
  preload_fresh_runs_per_s: Math.round((1_000 * runs) / preloadFreshMs),
  preload_restore_and_turn_ms: round(preloadRestoreMs),
  queued_jobs: runs,
  latency_p50_ms: round(latencies[Math.floor(runs / 2)]),
  latency_p99_ms: round(latencies[Math.floor(runs * 0.99)]),
  node_child_ms: round(nodeMs),
  python_child_ms: pythonMs === undefined ? null : round(pythonMs),
  isolated_vm_ms: isolateMs === undefined ? null : round(isolateMs),
  times_node_child: Math.round(nodeMs / freshRunMs),
  times_python_child: pythonMs === undefined ? null : Math.round(pythonMs / freshRunMs),
  times_isolated_vm: isolateMs === undefined ? null : Number((isolateMs / freshRunMs).toFixed(1)),
  ...(await pythonFigures()),
};
printTable(figures);
console.log(JSON.stringify(figures));

async function restore(box, bytes, code) {
  const restored = await box.open({ from: bytes });
  await restored.run(code);
  await restored.close();
}

/** Milliseconds of the fastest of a few repeats: the others waited for the machine. */
async function best(work) {
  let least = Infinity;
  for (let i = 0; i < REPEATS; i++) {
    const startMs = performance.now();
    await work();
    least = Math.min(least, performance.now() - startMs);
  }
  return least;
}

/** Milliseconds of the fastest child process from start to exit; undefined when there is no such program. */
function childMs(program, args) {
  let least = Infinity;
  for (let i = 0; i < REPEATS; i++) {
    const startMs = performance.now();
    if (spawnSync(program, args, { stdio: "ignore" }).status !== 0) return undefined;
    least = Math.min(least, performance.now() - startMs);
  }
  return least;
}

/** Milliseconds of a fresh isolate with a fresh context and one small run; undefined when the module is not there. */
async function isolatedVmMs() {
  try {
    const folder = process.env.RETOOL_BENCH_MODULES ?? process.cwd();
    const file = createRequire(pathToFileURL(join(folder, "package.json"))).resolve("isolated-vm");
    const { default: ivm } = await import(pathToFileURL(file).href);
    const rounds = 100;
    const ms = await best(async () => {
      for (let i = 0; i < rounds; i++) {
        const isolate = new ivm.Isolate({ memoryLimit: 64 });
        const context = await isolate.createContext();
        await context.eval(`${i} * 2`, { timeout: 1_000 });
        isolate.dispose();
      }
    });
    return ms / rounds;
  } catch (error) {
    console.log(`isolated-vm is left out: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
    return undefined;
  }
}

function round(value) {
  return Number(value.toPrecision(3));
}
