import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { bundleWorker } from "../src/bundle-worker.js";
import { DEFAULT_LIMITS } from "../src/limits.js";
import { createSandbox } from "../src/index.js";
import { SupervisedPool } from "../src/pool/supervised-pool.js";
import type { Outcome } from "../src/pool/messages.js";
import type { PythonBackend } from "../src/python/backend.js";
import type { PythonRequest } from "../src/python/messages.js";
import { SupervisedInterpreters } from "../src/python/supervised-interpreters.js";
import { workerSetup } from "./worker-setup.js";

const STUCK = "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)";

test("a stuck run is killed, not before its time, and the next one ends while the caller's thread computes", async () => {
  await using sandbox = await createSandbox({ limits: { fuel: 1e9, wallMs: 400, graceMs: 100 } });
  await sandbox.run("1");
  const stuck = sandbox.run(STUCK, { rerun: false });
  const next = sandbox.run("6 * 7");
  await new Promise((resolve) => setImmediate(resolve)); // both are on their way
  const startMs = performance.now();
  let killedMs = Infinity;
  let doneMs = Infinity;
  for (let nowMs = startMs; doneMs === Infinity && nowMs < startMs + 300_000; nowMs = performance.now()) {
    const { restarts, queued, running } = sandbox.stats();
    if (restarts === 1) killedMs = Math.min(killedMs, nowMs - startMs);
    if (restarts === 1 && queued + running === 0) doneMs = Math.min(doneMs, nowMs - startMs);
  }
  expect(killedMs).toBeGreaterThan(400);
  expect(doneMs).toBeLessThan(Infinity); // this thread has not waited for anything since
  const result = await stuck;
  expect(result).toMatchObject({ status: "timeout", feedback: "[timeout: time limit]" });
  expect(result.usage.wallMs).toBeGreaterThan(490);
  expect((await next).feedback).toBe("42");
});

test.each(["absent-supervisor.mjs", "failing-supervisor.mjs"])("%s: no run waits for a supervisor that cannot begin", async (name) => {
  const backend = { name: "pyodide", fingerprint: "" } as PythonBackend;
  const pool = new SupervisedInterpreters(new URL(`./fixtures/${name}`, import.meta.url), { backend, workers: 1, memoryBytes: 0 });
  if (name === "failing-supervisor.mjs") await pool.start();
  else await expect(pool.start()).rejects.toThrow("Python did not start: Cannot find module");
  const request: PythonRequest = { id: 1, world: 0, seed: 0, past: [], cell: 1, code: "1", limits: DEFAULT_LIMITS, rerun: true };
  for (const id of [1, 2]) {
    const { outcome } = await pool.submit({ ...request, id });
    expect(outcome).toMatchObject({ status: "infra", reason: "the supervisor ended" });
  }
  const { restarts } = pool;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(pool.restarts).toBe(restarts); // nothing is started for nobody
  await pool.close();
});

test("a supervisor that dies is replaced: its runs are tried once more, then infra", async () => {
  const supervisor = new URL("./fixtures/crashing-supervisor.mjs", import.meta.url);
  const pool = new SupervisedPool({ supervisor, ...workerSetup, workers: 1, worker: "" });
  await pool.start();
  const submit = async (id: number, code: string): Promise<Outcome> => {
    const reply = await pool.submit({ id, code, limits: DEFAULT_LIMITS, seed: 0, turn: undefined, rerun: true });
    return JSON.parse(reply.outcome) as Outcome;
  };
  expect(await Promise.all([submit(1, "a"), submit(2, "crash once"), submit(3, "b")])).toMatchObject([
    { status: "ok", value: "a" },
    { status: "ok", value: "crash once" },
    { status: "ok", value: "b" },
  ]);
  expect(await submit(4, "crash")).toMatchObject({ status: "infra", reason: "the supervisor ended" });
  expect(await submit(5, "c")).toMatchObject({ status: "ok", value: "c" });
  expect(pool.restarts).toBe(3);
  await pool.close();
});

test.each([
  ["an idle sandbox lets the process end", "await sandbox.run('1')", 10_000],
  [
    "process.exit is not held up by a stuck run",
    `void sandbox.run(${JSON.stringify(STUCK)}); setTimeout(() => process.exit(0), 300)`,
    10_000,
  ],
])("%s", async (_name, code, limitMs) => {
  const index = JSON.stringify(new URL("index.js", bundleWorker()).href);
  const script = `const { createSandbox } = await import(${index}); const sandbox = await createSandbox(); ${code}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const [exitCode, signal] = (await once(child, "exit")) as [number | null, string | null];
  clearTimeout(timer);
  expect([exitCode, signal]).toEqual([0, null]);
});

test("a session's turns go on after the worker that ran them was killed", async () => {
  await using sandbox = await createSandbox({ limits: { fuel: 1e9, wallMs: 300, graceMs: 100 } });
  const session = await sandbox.open();
  await session.run("let x = 1");
  expect(await session.run(`x = 2; ${STUCK}`)).toMatchObject({ status: "timeout" });
  expect((await session.run("x")).feedback).toBe("1");
});
