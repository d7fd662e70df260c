// node bench/sandbox.mjs [runs]: figures of the built sandbox, one worker, beside a fresh child process. Prints one JSON line.
import { spawnSync } from "node:child_process";
import { createSandbox } from "../dist/index.js";

const runs = Number(process.argv[2] ?? 2_000);
const REPEATS = 5;
const sandbox = await createSandbox({ workers: 1 });
const codes = Array.from({ length: runs }, (_, i) => `${i} * 2`);
await sandbox.runBatch(codes);

const freshMs = await best(async () => void (await sandbox.runBatch(codes)));

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
const from = await session.snapshot();
const snapshotMs = await best(async () => void (await session.snapshot()));
const restoreMs = await best(async () => {
  const restored = await sandbox.open({ from });
  await restored.run("n");
  await restored.close();
});

const latencies = [];
await Promise.all(
  codes.map(async (code) => {
    const startMs = performance.now();
    await sandbox.run(code);
    latencies.push(performance.now() - startMs);
  }),
);
latencies.sort((a, b) => a - b);
const { queued, restarts } = sandbox.stats();
await sandbox.close();

const nodeMs = childMs(process.execPath, ["-p", "1+1"]);
const pythonMs = childMs("/usr/bin/python3", ["-c", "print(1+1)"]) ?? childMs("python3", ["-c", "print(1+1)"]);
console.log(
  JSON.stringify({
    fresh_runs_per_s: Math.round((1_000 * runs) / freshMs),
    session_turns_per_s: Math.round((1_000 * turns) / turnsMs),
    session_turn_ms: round(turnsMs / turns),
    fork_ms: round(forkMs / forks),
    snapshot_ms: round(snapshotMs),
    snapshot_bytes: from.length,
    restore_and_turn_ms: round(restoreMs),
    queued_jobs: runs,
    latency_p50_ms: round(latencies[Math.floor(runs / 2)]),
    latency_p99_ms: round(latencies[Math.floor(runs * 0.99)]),
    node_child_ms: round(nodeMs),
    python_child_ms: pythonMs === undefined ? null : round(pythonMs),
    times_node_child: Math.round((nodeMs * runs) / freshMs),
    times_python_child: pythonMs === undefined ? null : Math.round((pythonMs * runs) / freshMs),
    left_queued: queued,
    restarts,
  }),
);

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

/** Median milliseconds of a child process from start to exit; undefined when there is no such program. */
function childMs(program, args) {
  const times = [];
  for (let i = 0; i < REPEATS; i++) {
    const startMs = performance.now();
    const { status } = spawnSync(program, args, { stdio: "ignore" });
    if (status !== 0) return undefined;
    times.push(performance.now() - startMs);
  }
  return times.sort((a, b) => a - b)[Math.floor(REPEATS / 2)];
}

function round(value) {
  return Number(value.toPrecision(3));
}
