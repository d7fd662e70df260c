import type { EngineSampler } from "@retool-ts/engine";
import { expect, test } from "vitest";
import { FairTurns } from "../fair-turns.js";
import { WeightsPool } from "../sampling/open-weights.js";
import type { ServedBase } from "../served-base.js";
import type { RequestRecord } from "../state/future-files.js";
import type { ServiceContext } from "./context.js";
import { samplePlanOf } from "./sample-plan-of.js";

/** A sampler that notes how many sequences are open as each of them is decoded, and ends each when it is let. */
function noted() {
  const open = new Set<number>();
  const seen: number[] = [];
  let next = 0;
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const sampler = {
    maxLength: 64,
    get available() {
      return 8 - open.size;
    },
    open: () => {
      open.add(next);
      return next++;
    },
    close: (id: number) => void open.delete(id),
    async decode() {
      await Promise.resolve(); // a batch is formed in the next task
      seen.push(open.size);
      await ended;
      return { tokenIds: [1], logProbs: [-1], finish: "stop" };
    },
    dispose() {},
  } as unknown as EngineSampler;
  return { sampler, seen, end };
}

function contextOf(sampler: EngineSampler, gather: () => Promise<void>): ServiceContext {
  const model = { vocabSize: 8, maxPositions: 64, cacheBytesPerToken: 1, parameters: 1 };
  const openWeights = async () => ({ model, sampler: async () => sampler, dispose() {} });
  const bases = [{ name: "base", model, openWeights } as unknown as ServedBase];
  return {
    bases,
    limits: { maxModels: 1, maxSequences: 8, maxSamples: 8, maxOutstanding: 8, gapTimeoutMs: 1 },
    models: new Map(),
    samplers: new Map(),
    weights: new WeightsPool({ maxSequences: 8, idle: 1 }),
    compute: new FairTurns(1),
    sequences: new FairTurns(8),
    gather,
    counts: { sampledTokens: 0, trainedTokens: 0 },
  } as unknown as ServiceContext;
}

const BODY = { base_model: "base", prompt: { chunks: [{ tokens: [1, 2] }] }, sampling_params: { max_tokens: 4, seed: 1 } };
const run = (context: ServiceContext) =>
  samplePlanOf(context, BODY as never).run({ id: "r" } as unknown as RequestRecord, new AbortController().signal);
const rounds = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

test("samples that are asked for together begin together, and those that come later join at once", async () => {
  const { sampler, seen, end } = noted();
  let arrived = () => {};
  const all = new Promise<void>((resolve) => (arrived = resolve));
  let gathers = 0;
  const context = contextOf(sampler, () => {
    gathers++;
    return all;
  });
  const first = [run(context), run(context)];
  await rounds();
  const third = run(context);
  await rounds();
  expect(seen).toEqual([]); // others may be on their way
  arrived();
  await rounds();
  expect(seen).toEqual([3, 3, 3]);
  const late = run(context);
  await rounds();
  expect([seen, gathers]).toEqual([[3, 3, 3, 4], 3]);
  end();
  await Promise.all([...first, third, late]);
});
