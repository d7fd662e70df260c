import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, type ExecutionResult, type Sandbox, type Session } from "../src/index.js";

const MIB = 2 ** 20;
/** The engine's first memory: what a world that never grew has. */
const ENGINE_BYTES = 16 * MIB;
/** What the floor may rise by: an engine grown to its limit, and not yet collected, counts once a thread. A leak of 1.7 KiB a run reaches it. */
const RISE_BYTES = 48 * MIB;
/** Runs, or sessions, before the first look: until here the heaps of the threads still grow to their usual size. */
const WARM_UP = { runs: 39_000, sessions: 1_500 };

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ workers: 2, limits: { fuel: 60, memoryBytes: 32 * MIB } });
});
afterAll(() => sandbox.close());

/** What a policy writes in an hour: mostly small, now and then wrong, endless, greedy or deep. */
const CODES = [
  (i: number) => `print(${i}); range(1, 50).map((x) => x * ${i}).reduce((a, b) => a + b)`,
  (i: number) => `const m = new Map(); for (let k = 0; k < 200; k++) m.set(k, 'v' + k + ${i}); m.size`,
  () => "null.x",
  (i: number) => `await new Promise((resolve) => setTimeout(resolve, ${i % 100})); Math.random()`,
  (i: number) => (i % 400 === 4 ? "while (true) {}" : "factor(360360)"),
  (i: number) => (i % 500 === 5 ? "const q = []; for (;;) q.push(new Uint8Array(1e6))" : "2n ** 200n"),
  (i: number) => (i % 600 === 6 ? "(function f() { f() })()" : "[1, [2, [3]]]"),
];
const codeOf = (i: number): string => CODES[i % CODES.length]!(i);

/** Resident bytes after rest and collection: the least of a few looks. */
async function residentBytes(): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < 5; look++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 100));
    least = Math.min(least, process.memoryUsage().rss);
  }
  return least;
}

/** Garbage of a thread comes and goes in pieces of some 25 MiB: what only rises is the least of several looks, of the second half against the first. */
function expectFlat(samples: readonly number[], what: string): void {
  console.log(`${what}: resident MiB ${samples.map((bytes) => Math.round(bytes / MIB)).join(" ")}`);
  const half = samples.length / 2;
  expect(Math.min(...samples.slice(half)) - Math.min(...samples.slice(0, half))).toBeLessThan(RISE_BYTES);
}

const memoryOf = ({ status, usage }: ExecutionResult): number => (status === "ok" || status === "error" ? usage.memoryBytes : 0);

describe("memory stays flat", () => {
  test("over 60,000 runs", async () => {
    const samples: number[] = [];
    for (let start = 0; start < WARM_UP.runs + 60_000; start += 3_000) {
      const results = await sandbox.runBatch(Array.from({ length: 3_000 }, (_, i) => codeOf(start + i)));
      expect(Math.max(...results.map(memoryOf))).toBe(ENGINE_BYTES);
      expect(results.filter(({ status }) => status === "infra" || status === "killed" || status === "timeout")).toEqual([]);
      if (start >= WARM_UP.runs) samples.push(await residentBytes());
    }
    expectFlat(samples, "60,000 runs");
    const { queued, running, openSessions } = sandbox.stats();
    expect({ queued, running, openSessions }).toEqual({ queued: 0, running: 0, openSessions: 0 });
  });

  test("over 3,000 sessions, a few of them open at a time, forked and saved", async () => {
    const live = async (i: number): Promise<void> => {
      const session = await sandbox.open({ seed: i });
      const memory = memoryOf(await session.run(`let n = ${i}; const kept = range(1, 500).map((x) => ({ x }))`));
      expect(memory).toBe(ENGINE_BYTES);
      await session.run(codeOf(i));
      const [fork] = await session.fork(1);
      const restored: Session = i % 10 === 0 ? await sandbox.open({ from: await session.snapshot() }) : session;
      expect((await restored.run("n + kept.length")).feedback).toBe(`${i + 500}`);
      expect((await fork!.run("n")).feedback).toBe(`${i}`);
      await Promise.all([...new Set([session, fork!, restored])].map((open) => open.close()));
    };
    const samples: number[] = [];
    for (let start = 0; start < WARM_UP.sessions + 3_000; start += 300) {
      for (let i = 0; i < 300; i += 20) await Promise.all(Array.from({ length: 20 }, (_, k) => live(start + i + k)));
      if (start >= WARM_UP.sessions) samples.push(await residentBytes());
    }
    expectFlat(samples, "3,000 sessions");
    expect(sandbox.stats().openSessions).toBe(0);
  });
});
