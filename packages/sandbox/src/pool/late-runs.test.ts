import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DEFAULT_LIMITS } from "../limits.js";
import type { Outcome, RunRequest } from "./messages.js";
import { replyOf } from "./reply.js";
import type { StartThread, ThreadEvents } from "./slot-thread.js";
import { WorkerPool } from "./worker-pool.js";
import { workerSetup } from "../../test/worker-setup.js";

const need = (): void => undefined;
const base = { memoryPages: 0, layout: "", blocks: new Uint32Array(), bytes: new Uint8Array() };
const report = { stdout: "", stderr: "", truncated: false, usage: { fuel: 0, wallMs: 0, memoryBytes: 0 } };
const ok: Outcome = { ...report, status: "ok" };
const timeout: Outcome = { ...report, status: "timeout" };
const infra: Outcome = { ...report, status: "infra", reason: "broken" };

/** One try of a run, and the code that workers had when it was handed out. */
interface Try {
  readonly code: string;
  readonly beside: readonly string[];
}

/** Threads that end a run as `verdict` says of its code and how often it was tried; undefined never ends it. */
function threadsThat(
  verdict: (code: string, nth: number) => Outcome | undefined,
  onTry: (code: string, nth: number) => void = () => undefined,
): { readonly start: StartThread; readonly tries: Try[] } {
  const tries: Try[] = [];
  const running = new Map<number, string>();
  const start: StartThread = (_setup, events: ThreadEvents) => {
    let current = 0;
    let isGone = false;
    queueMicrotask(() => events.message({ type: "ready", base }));
    const run = ({ id, code }: RunRequest): void => {
      const nth = tries.filter((one) => one.code === code).length + 1;
      tries.push({ code, beside: [...running.values()] });
      running.set(id, code);
      current = id;
      onTry(code, nth);
      setImmediate(() => {
        const outcome = verdict(code, nth);
        if (outcome === undefined || isGone) return;
        running.delete(id);
        current = 0;
        events.message({ type: "replies", replies: [replyOf(id, outcome)] });
      });
    };
    return {
      get current() {
        return current;
      },
      isLive: true,
      output: () => ({ stdout: "so far", stderr: "" }),
      post: (requests) => requests.forEach(run),
      terminate: async () => {
        isGone = true;
        running.clear();
        queueMicrotask(() => events.exit());
      },
      ref: () => undefined,
      unref: () => undefined,
    };
  };
  return { start, tries };
}

const pools: WorkerPool[] = [];
beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(async () => {
  vi.useRealTimers();
  for (const pool of pools.splice(0)) await pool.close();
});

async function poolOf(start: StartThread, workers = 2): Promise<(code: string, id: number, rerun?: boolean) => Promise<Outcome>> {
  const pool = new WorkerPool(workers, start, workerSetup, need);
  pools.push(pool);
  await pool.start();
  return async (code, id, rerun = true) => {
    const reply = await pool.submit({ id, code, limits: DEFAULT_LIMITS, seed: 0, turn: undefined, rerun });
    return JSON.parse(reply.outcome) as Outcome;
  };
}

test("a run that the clock ended runs again while nothing else does, and that counts", async () => {
  const { start, tries } = threadsThat((code, nth) => (code === "late" && nth === 1 ? timeout : ok));
  const run = await poolOf(start);
  const codes = ["late", ...Array.from({ length: 20 }, (_, i) => `other ${i}`)];
  const outcomes = await Promise.all(codes.map((code, i) => run(code, i + 1)));
  expect(outcomes.map(({ status }) => status)).toEqual(codes.map(() => "ok"));
  expect(tries).toHaveLength(codes.length + 1);
  const again = tries.findLastIndex(({ code }) => code === "late");
  expect(tries[again]).toEqual({ code: "late", beside: [] });
  expect(tries.slice(again + 1).filter(({ beside }) => beside.includes("late"))).toEqual([]);
  expect(tries.slice(again + 1).length, "runs that had to wait for it").toBeGreaterThan(0);
});

test("what is asked for while a late run has another try waits for it", async () => {
  const newcomers: Promise<Outcome>[] = [];
  const { start, tries } = threadsThat(
    (code, nth) => (code === "late" && nth === 1 ? timeout : ok),
    (code, nth) => code === "late" && nth === 2 && newcomers.push(run("newcomer", 3)),
  );
  const run = await poolOf(start);
  expect(await Promise.all([run("other", 1), run("late", 2)])).toMatchObject([{ status: "ok" }, { status: "ok" }]);
  expect(await Promise.all(newcomers)).toMatchObject([{ status: "ok" }]);
  expect(tries.at(-1)).toEqual({ code: "newcomer", beside: [] });
});

test("what the clock ends twice is a timeout; one that is not to be run again is so at once", async () => {
  const { start, tries } = threadsThat((code) => (code.startsWith("late") ? timeout : ok));
  const run = await poolOf(start);
  expect(await Promise.all([run("late", 1), run("late without a second try", 2, false), run("other", 3)])).toMatchObject([
    { status: "timeout" },
    { status: "timeout" },
    { status: "ok" },
  ]);
  expect(tries.map(({ code }) => code).sort()).toEqual(["late", "late", "late without a second try", "other"]);
});

test("a run that never ends is ended with its worker after its deadline, twice, and is a timeout", async () => {
  const { start, tries } = threadsThat((code) => (code === "stuck" ? undefined : ok));
  const run = await poolOf(start, 1);
  const stuck = run("stuck", 1);
  const other = run("other", 2);
  let isOver = false;
  void Promise.all([stuck, other]).then(() => (isOver = true));
  while (!isOver) {
    await vi.advanceTimersByTimeAsync(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await stuck).toMatchObject({ status: "timeout", stdout: "so far" });
  expect(await other).toMatchObject({ status: "ok" });
  expect(tries.filter(({ code }) => code === "stuck")).toHaveLength(2);
});

test("a run that fails by no doing of its own is tried twice, not three times", async () => {
  const { start, tries } = threadsThat((code, nth) => (code === "broken" || nth === 1 ? infra : ok));
  const run = await poolOf(start);
  expect(await run("broken", 1)).toMatchObject({ status: "infra", reason: "broken" });
  expect(await run("broken once", 2)).toMatchObject({ status: "ok" });
  expect(tries.map(({ code }) => code)).toEqual(["broken", "broken", "broken once", "broken once"]);
});
