import { afterEach, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../limits.js";
import type { Outcome } from "./messages.js";
import { nodeThreads } from "./node-thread.js";
import { Tally } from "./tally.js";
import { WorkerPool } from "./worker-pool.js";
import { workerSetup } from "../../test/worker-setup.js";

const need = (): void => undefined;
const pools: WorkerPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

async function outcomesOf(codes: readonly string[], workers = 1): Promise<{ readonly outcomes: Outcome[]; readonly restarts: number }> {
  const tally = Tally.allocate();
  const pool = new WorkerPool(
    workers,
    nodeThreads(new URL("../../test/fixtures/crashing-worker.mjs", import.meta.url)),
    workerSetup,
    need,
    tally,
  );
  pools.push(pool);
  await pool.start();
  const runs = codes.map((code, i) =>
    pool.submit({ id: i + 1, code, limits: { ...DEFAULT_LIMITS, wallMs: 60_000 }, seed: 0, turn: undefined, rerun: true }),
  );
  const outcomes = (await Promise.all(runs)).map(({ outcome }) => JSON.parse(outcome) as Outcome);
  return { outcomes, restarts: tally.restarts };
}

test("a worker that dies over a run is replaced and the run tried again", async () => {
  const { outcomes, restarts } = await outcomesOf(["a", "crash once", "b"]);
  expect(outcomes).toMatchObject([
    { status: "ok", value: "a" },
    { status: "ok", value: "crash once" },
    { status: "ok", value: "b" },
  ]);
  expect(restarts).toBe(1);
});

test.each(["crash", "crash silently"])("a run that ends two workers is infra and takes no other with it: %s", async (code) => {
  const others = Array.from({ length: 20 }, (_, i) => `${i}`);
  const { outcomes, restarts } = await outcomesOf([code, ...others], 2);
  expect(outcomes[0]).toMatchObject({ status: "infra" });
  expect(outcomes.slice(1)).toMatchObject(others.map((value) => ({ status: "ok", value })));
  expect(restarts).toBe(2);
});

test("a worker whose own heap is full ends; its run is tried twice, is infra, and others go on", async () => {
  const { outcomes, restarts } = await outcomesOf(["fill the heap", "a", "b"]);
  expect(outcomes[0]).toMatchObject({ status: "infra", reason: expect.stringMatching(/memory/i) as unknown });
  expect(outcomes.slice(1)).toMatchObject([
    { status: "ok", value: "a" },
    { status: "ok", value: "b" },
  ]);
  expect(restarts).toBe(2);
});

test("a worker file that is missing makes the start fail", async () => {
  const pool = new WorkerPool(1, nodeThreads(new URL("./no-such-worker.mjs", import.meta.url)), workerSetup, need);
  await expect(pool.start()).rejects.toMatchObject({ code: "SANDBOX_START" });
});
