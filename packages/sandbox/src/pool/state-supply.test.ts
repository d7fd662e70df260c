import { afterEach, expect, test } from "vitest";
import type { HeapImage } from "../engine/heap-image.js";
import { DEFAULT_LIMITS } from "../limits.js";
import type { Outcome, RunRequest } from "./messages.js";
import { missingReply, replyOf } from "./reply.js";
import type { StartThread, ThreadEvents } from "./slot-thread.js";
import { WorkerPool } from "./worker-pool.js";
import { workerSetup } from "../../test/worker-setup.js";

const image: HeapImage = { memoryPages: 0, layout: "", blocks: new Uint32Array(), bytes: new Uint8Array() };
const report = { stdout: "", stderr: "", truncated: false, usage: { fuel: 0, wallMs: 0, memoryBytes: 0 } };

interface Call {
  readonly thread: number;
  readonly code: string;
  readonly isSent: boolean;
  /** Runs handed to the thread with it, itself included. */
  readonly together: number;
}

/** Threads that know the states they made and were sent, and end a run as `statusOf` says. */
function knowingThreads(statusOf: (code: string, nth: number) => "ok" | "timeout"): {
  readonly start: StartThread;
  readonly calls: Call[];
} {
  const calls: Call[] = [];
  let threads = 0;
  const start: StartThread = (_setup, events: ThreadEvents) => {
    const thread = ++threads;
    const known = new Set<number>();
    queueMicrotask(() => events.message({ type: "ready", base: image }));
    const run = ({ id, code, turn }: RunRequest, together: number): void => {
      const { before, parts } = turn!;
      if (parts !== undefined) known.add(before!);
      const isKnown = before === undefined || known.has(before);
      calls.push({ thread, code, isSent: parts !== undefined, together });
      if (!isKnown) return void setImmediate(() => events.message({ type: "replies", replies: [missingReply(id)] }));
      const outcome: Outcome = { ...report, status: statusOf(code, calls.filter((call) => call.code === code).length) };
      if (outcome.status === "ok") known.add(id);
      else known.clear(); // as one that was ended and began anew
      setImmediate(() => events.message({ type: "replies", replies: [replyOf(id, outcome, image)] }));
    };
    return {
      current: 0,
      isLive: true,
      output: () => ({ stdout: "", stderr: "" }),
      post: (requests) => requests.forEach((request) => run(request, requests.length)),
      terminate: async () => queueMicrotask(() => events.exit()),
      ref: () => undefined,
      unref: () => undefined,
    };
  };
  return { start, calls };
}

const pools: WorkerPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

async function poolOf(start: StartThread, workers: number): Promise<{ readonly pool: WorkerPool; readonly needed: number[] }> {
  const needed: number[] = [];
  const pool = new WorkerPool(workers, start, workerSetup, (id) => {
    needed.push(id);
    pool.supply(id, [image]);
  });
  pools.push(pool);
  await pool.start();
  return { pool, needed };
}

const cell = (id: number, code: string, before?: number, home?: number): RunRequest => ({
  id,
  code,
  limits: DEFAULT_LIMITS,
  seed: 0,
  turn: { cell: 1, before, home, parts: undefined },
  rerun: true,
});

test("a cell goes to the worker that made the state before it, while that has time", async () => {
  const { start, calls } = knowingThreads(() => "ok");
  const { pool, needed } = await poolOf(start, 2);
  const firsts = await Promise.all([1, 2, 3, 4, 5, 6].map((id) => pool.submit(cell(id, `first ${id}`))));
  const threadOf = (code: string): number => calls.findLast((call) => call.code === code)!.thread;
  expect(new Set(calls.map(({ thread }) => thread)).size).toBe(2);
  for (const [i, { home }] of firsts.entries()) {
    await pool.submit(cell(10 + i, `next ${i}`, i + 1, home));
    expect(threadOf(`next ${i}`)).toBe(threadOf(`first ${i + 1}`));
  }
  expect(needed).toEqual([]);
});

test("a state that a worker lacks is asked for once, and the run is not counted as tried", async () => {
  const { start, calls } = knowingThreads(() => "ok");
  const { pool, needed } = await poolOf(start, 1);
  const reply = await pool.submit(cell(7, "from elsewhere", 3, 9));
  expect(reply).toMatchObject({ id: 7, isMissing: false, changes: image, home: 1 });
  expect(needed).toEqual([7]);
  await pool.submit(cell(8, "next", 7, 1));
  expect(calls.map(({ code, isSent }) => [code, isSent])).toEqual([
    ["from elsewhere", false],
    ["from elsewhere", true],
    ["next", false],
  ]);
});

test("a run that was late has its other try alone, also when the state before it must be sent first", async () => {
  const { start, calls } = knowingThreads((code, nth) => (code === "late" && nth === 1 ? "timeout" : "ok"));
  const { pool, needed } = await poolOf(start, 1);
  await pool.submit(cell(1, "first"));
  const others = [3, 4, 5, 6, 7].map((id) => cell(id, "other", undefined, 1));
  const [late] = await Promise.all([cell(2, "late", 1, 1), ...others].map((request) => pool.submit(request)));
  expect(JSON.parse(late!.outcome)).toMatchObject({ status: "ok" });
  expect(needed).toEqual([2]);
  const tries = calls.filter(({ code }) => code === "late");
  expect(tries.map(({ isSent, together }) => [isSent, together > 1])).toEqual([
    [false, true],
    [false, false],
    [true, false],
  ]);
});
