import { streamKey, uniformAt } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { KERNEL_BACKENDS, NATIVE, TEST_BACKENDS } from "../../test/backends.js";
import * as reference from "../../test/reference-ops.js";
import { ADAMW, relativeDifference, TINY } from "../../test/tiny.js";
import { useBackend, type BackendName } from "../backend.js";
import { headShape, type ModelConfig } from "../config.js";
import { LocalEngine } from "../local-engine.js";
import { tensorflowBackend } from "../native/tensorflow-backend.js";
import { disposeLayout, packRows } from "../ops/packed.js";
import { Parameters } from "../parameters.js";
import { BatchedKVCache } from "./batched-kv-cache.js";
import { createKVCache } from "./kv-cache.js";
import type { KVCache } from "./kv-cache-types.js";
import { PortableKVCache } from "./portable-kv-cache.js";
import { TensorFlowKVCache } from "./tensorflow-kv-cache.js";

const CONFIG: ModelConfig = { ...TINY, layers: 2, maxPositions: 1024, slidingWindow: { size: 150, firstLayer: 1 } };
const WIDTH = (CONFIG.heads + 2 * CONFIG.kvHeads) * CONFIG.headDim;
const SLOTS = 3;

/** A projection of one token of one slot, which a 32-bit float holds exactly. */
function token(slot: number, position: number, layer: number): Float64Array {
  const key = streamKey(slot, ["growth", layer]);
  return Float64Array.from({ length: WIDTH }, (_, i) => Math.fround(4 * uniformAt(key, position * WIDTH + i) - 2));
}

/** Attention over a whole sequence for its last tokens, in double precision. */
function expected(slot: number, length: number, count: number, layer: number): Float64Array {
  const qkv = new Float64Array(length * WIDTH);
  for (let position = 0; position < length; position++) qkv.set(token(slot, position, layer), position * WIDTH);
  return reference.attention(qkv, [length], headShape(CONFIG, layer)).subarray((length - count) * CONFIG.heads * CONFIG.headDim);
}

/** Takes new tokens of some slots in and holds what comes out against whole sequences. */
function pass(cache: KVCache, lengths: number[], rows: readonly (readonly [slot: number, tokens: number])[]): void {
  const slots = Int32Array.from(rows, ([slot]) => slot);
  const past = slots.map((slot) => lengths[slot]!);
  const layout = packRows(
    rows.map(([, tokens]) => tokens),
    [...past],
  );
  for (const [slot, tokens] of rows) lengths[slot]! += tokens;
  for (let layer = 0; layer < CONFIG.layers; layer++) {
    const values = rows.flatMap(([slot, tokens], row) =>
      Array.from({ length: tokens }, (_, i) => [...token(slot, past[row]! + i, layer)]).flat(),
    );
    const qkv = tf.tensor2d(Float32Array.from(values), [layout.tokens, WIDTH]);
    const mixed = cache.attend(layer, qkv, layout, slots, past);
    const whole = rows.flatMap(([slot, tokens]) => [...expected(slot, lengths[slot]!, tokens, layer)]);
    expect(relativeDifference(mixed.dataSync(), whole), `layer ${layer}, lengths ${lengths.join(", ")}`).toBeLessThan(1e-5);
    tf.dispose([qkv, mixed]);
  }
  disposeLayout(layout);
}

type MakeCache = (capacity: number) => KVCache;
const caches: readonly (readonly [string, BackendName, MakeCache])[] = [
  ...TEST_BACKENDS.map(
    (backend) => ["tfjs operations", backend, (capacity: number) => new PortableKVCache(CONFIG, SLOTS, capacity)] as const,
  ),
  ["operations over all rows", "cpu", (capacity: number) => new BatchedKVCache(CONFIG, SLOTS, capacity)],
  ...KERNEL_BACKENDS.map((backend) => ["fused kernels", backend, (capacity: number) => createKVCache(CONFIG, SLOTS, capacity)] as const),
  ...(NATIVE === undefined
    ? []
    : [["TensorFlow's", NATIVE, (capacity: number) => new TensorFlowKVCache(tensorflowBackend()!, CONFIG, SLOTS, capacity)] as const]),
];

describe.each(caches)("a cache of %s on %s", (_, backend, make) => {
  test.each([
    ["a prompt longer than twice its first size", [[[1, 300]], [[1, 1]], [[0, 5]]]],
    ["one token over each size", [[[0, 63]], [[0, 1]], [[0, 1]], [[0, 63]], [[0, 1]], [[0, 127]], [[0, 1]]]],
    ["a tool's output longer than the sequence", [[[0, 129], [2, 3]], [[0, 1], [2, 1]], [[2, 260]], [[0, 1], [2, 1]]]], // prettier-ignore
    ["all of its capacity, which is no power of two", [[[0, 130]], [[1, 331], [0, 1]], [[1, 1]]]], // prettier-ignore
  ] as const)("holds whole sequences through %s", async (__, steps) => {
    await useBackend(backend);
    const cache = make(332);
    try {
      const lengths = Array.from({ length: SLOTS }, () => 0);
      for (const rows of steps) pass(cache, lengths, rows);
    } finally {
      cache.dispose();
    }
  });
});

test.each(TEST_BACKENDS)(
  "a prompt of 200 tokens and 150 sampled ones have the log-probabilities of the whole pass on %s",
  async (backend) => {
    await useBackend(backend);
    const parameters = Parameters.initialize({ ...TINY, maxPositions: 512 }, { seed: 11, embeddingStd: 0.2 });
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 1000 });
    const sampler = await engine.sampler({ maxSequences: 2, maxLength: 400, vocabSize: TINY.vocabSize });
    try {
      const prompt = Array.from({ length: 200 }, (_, i) => (i * 7 + ((i * i) % 11)) % TINY.vocabSize);
      const key = streamKey(1, ["decode"]);
      const request = { temperature: 1, topP: 1, topK: 0, maxTokens: 150, uniform: (position: number) => uniformAt(key, position) };
      const { tokenIds, logProbs } = await sampler.decode(sampler.open(prompt), request);
      expect(tokenIds.length).toBe(150);
      const all = [...prompt, ...tokenIds];
      const [row] = await engine.logProbs([{ tokenIds: all, lossMask: all.map(() => 1) }]);
      expect(relativeDifference(logProbs, row!.subarray(prompt.length))).toBeLessThan(1e-5);
    } finally {
      sampler.dispose();
      engine.dispose();
      parameters.dispose();
    }
  },
);

test("WebAssembly's kernel gives a prompt that is taken in at once the bits of one that comes token by token", async () => {
  await useBackend("wasm");
  const config = { ...CONFIG, slidingWindow: { size: 270, firstLayer: 1 } };
  const outputs = (pieces: readonly number[]) => {
    const cache = createKVCache(config, 1, 332);
    const mixed = Array.from({ length: config.layers }, (): number[] => []);
    let past = 0;
    for (const count of pieces) {
      const layout = packRows([count], [past]);
      mixed.forEach((values, layer) => {
        const projections = Array.from({ length: count }, (_, i) => [...token(0, past + i, layer)]);
        const qkv = tf.tensor2d(projections, [count, WIDTH]);
        const out = cache.attend(layer, qkv, layout, Int32Array.of(0), Int32Array.of(past));
        values.push(...out.dataSync());
        tf.dispose([qkv, out]);
      });
      disposeLayout(layout);
      past += count;
    }
    cache.dispose();
    return mixed;
  };
  const single = outputs(Array.from({ length: 300 }, () => 1));
  expect(outputs([300])).toEqual(single);
  expect(outputs([9, 270, 21])).toEqual(single);
});
