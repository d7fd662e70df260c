import type { EngineSampler } from "@retool-ts/engine";
import { expect, test } from "vitest";
import { FairTurns } from "../fair-turns.js";
import { drawSamples } from "./draw-samples.js";
import type { OpenedWeights } from "./open-weights.js";
import type { SamplePlan } from "./sample-plan.js";

const PLAN: SamplePlan = {
  prompt: [1, 2],
  samples: 2,
  maxTokens: 4,
  temperature: 1,
  topP: 1,
  topK: 0,
  seed: 1,
  stopTokenIds: [],
  stopStrings: [],
  promptLogProbs: false,
  topPrompt: 0,
};

test("samples that are cancelled before their turn cost nothing: no sequence is opened and no prompt computed", async () => {
  const done: string[] = [];
  const sampler = {
    open: () => done.push("open"),
    prefill: async () => void done.push("prefill"),
    fork: () => done.push("fork"),
    close: () => done.push("close"),
    decode: async () => {
      done.push("decode");
      return { tokenIds: [], logProbs: [], finish: "length" };
    },
  } as unknown as EngineSampler;
  const weights = {} as OpenedWeights["weights"];
  const turns = { client: "a", sequences: new FairTurns(2), compute: new FairTurns(1), maxSequences: 2 };
  const cancelled = new AbortController();
  const holds = deferred();
  const busy = turns.sequences.run("b", () => holds.promise, 2);
  const waits = drawSamples({ weights, sampler }, PLAN, turns, cancelled.signal);
  cancelled.abort(new Error("enough"));
  holds.resolve(undefined);
  await busy;
  await expect(waits).rejects.toThrow("enough");
  expect(done).toEqual([]);
});

function deferred() {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise<unknown>((done) => (resolve = done));
  return { promise, resolve };
}
