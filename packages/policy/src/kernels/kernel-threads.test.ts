import { RandomStream } from "@retool-ts/core";
import type { TrainingRow } from "@retool-ts/engine";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, test } from "vitest";
import { ADAMW, TINY } from "../../test/tiny.js";
import { useBackend } from "../backend.js";
import { LocalEngine } from "../local-engine.js";
import { Parameters } from "../parameters.js";
import { fusedKernels } from "./kernel-context.js";
import { splitRange } from "./kernel-splits.js";

const CONFIG = { ...TINY, vocabSize: 301, hiddenSize: 48, intermediateSize: 100, heads: 6, kvHeads: 3, headDim: 8, queryKeyNorm: true };
const stream = new RandomStream(3, ["kernel threads"]);
const numbers = (count: number, limit: number) => Array.from({ length: count }, () => Math.floor(stream.uniform() * limit));
const ROWS: readonly TrainingRow[] = [5, 90, 33, 120, 64, 1, 77, 101].map((length) => ({
  tokenIds: numbers(length, CONFIG.vocabSize),
  lossMask: numbers(length, 4).map((n) => Number(n > 0)),
  fields: { advantages: numbers(length, 9).map((n) => n - 4), oldLogProbs: numbers(length, 9).map((n) => -n / 3) },
}));

/** Weights after three updates, and tokens with their log-probabilities after that, with so many threads. */
async function learnAndSample(threads: number) {
  await useBackend("wasm", { threads });
  const parameters = Parameters.initialize(CONFIG, { seed: 5, embeddingStd: 0.3 });
  const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 300 });
  try {
    for (let update = 0; update < 3; update++) {
      await engine.forwardBackward(ROWS, { name: "cross-entropy", normalizer: 100 }, { temperature: 0.9 });
      await engine.optimStep({ learningRate: 0.02 });
    }
    const weights: Record<string, number[]> = {};
    for (const { name } of parameters.specs) weights[name] = [...(await parameters.get(name).data())];
    const sampler = await engine.sampler({ maxSequences: 40, maxLength: 128, vocabSize: CONFIG.vocabSize, unusedTokenIds: [2, 300] });
    const turns = await Promise.all(
      Array.from({ length: 40 }, (_, row) => {
        const own = new RandomStream(row, ["turn"]);
        const draws = Array.from({ length: 128 }, () => own.uniform());
        const id = sampler.open(ROWS[1]!.tokenIds as number[]);
        return sampler.decode(id, { temperature: 1, topP: row % 2 === 0 ? 1 : 0.8, topK: 0, maxTokens: 12, uniform: (at) => draws[at]! });
      }),
    );
    sampler.dispose();
    const logProbs = (await engine.logProbs(ROWS)).map((row) => [...row]);
    return { weights, turns, logProbs };
  } finally {
    engine.dispose();
    parameters.dispose();
  }
}

afterAll(() => useBackend("wasm", { threads: 1 }));

describe("threads of the WebAssembly's kernels", () => {
  test("what is learned and sampled has the same bits with 1, 2, 3 and 4 threads", async () => {
    const alone = await learnAndSample(1);
    for (const threads of [2, 3, 4]) expect(await learnAndSample(threads), `${threads} threads`).toEqual(alone);
  });

  test.each([
    [64, 48, 100],
    [61, 37, 43],
    [130, 16, 8],
  ])("the gradient of a weight has the same bits: %d tokens, %d inputs, %d outputs", async (tokens, inputs, outputs) => {
    const results: Float32Array[] = [];
    for (const threads of [1, 3]) {
      await useBackend("wasm", { threads });
      const { kernels, pointer, zeros, view, free } = fusedKernels()!;
      const [x, dy] = [tf.randomNormal([tokens, inputs], 0, 1, "float32", 1), tf.randomNormal([tokens, outputs], 0, 1, "float32", 2)];
      const dw = zeros(inputs, outputs);
      for (let i = 0; i < 3; i++) kernels.weightGradient(pointer(x), pointer(dy), tokens, inputs, outputs, pointer(dw));
      results.push(view!(dw).slice());
      free(dw);
      tf.dispose([x, dy]);
    }
    expect(results[1]).toEqual(results[0]);
  });

  test("work is divided without gaps, and little work not at all", () => {
    for (const [total, grain, threads] of [
      [100, 8, 2],
      [7, 1, 4],
      [1000, 64, 3],
      [17, 16, 2],
    ] as const) {
      const ranges = splitRange(total, grain, 1e6, threads);
      expect(ranges[0]![0]).toBe(0);
      expect(ranges.at(-1)![1]).toBe(total);
      ranges.slice(1).forEach(([first], i) => expect([first, first % grain]).toEqual([ranges[i]![1], 0]));
      expect(ranges.length).toBeLessThanOrEqual(2 * threads);
    }
    expect(splitRange(100, 1, 10, 4)).toEqual([[0, 100]]);
    expect(splitRange(100, 1, 1e6, 1)).toEqual([[0, 100]]);
  });
});
