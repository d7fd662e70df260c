import { streamKey, uniformAt } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { KERNEL_BACKENDS, NATIVE } from "../../test/backends.js";
import { relativeDifference, TINY } from "../../test/tiny.js";
import { useBackend, type BackendName } from "../backend.js";
import type { ModelConfig } from "../config.js";
import { BatchedKVCache } from "./batched-kv-cache.js";
import { createKVCache } from "./kv-cache.js";
import type { KVCache } from "./kv-cache-types.js";
import { tensorflowBackend } from "../native/tensorflow-backend.js";
import { TensorFlowKVCache } from "./tensorflow-kv-cache.js";
import { disposeLayout, packRows } from "../ops/packed.js";
import { PortableKVCache } from "./portable-kv-cache.js";

/** One pass: how many new tokens each slot gets; or a copy between slots. */
type Step =
  | { readonly rows: readonly (readonly [slot: number, tokens: number])[] }
  | { readonly copy: readonly [from: number, to: number] };

/** Prompts, a fork, decoding of many and of few, a tool's output in the middle, a slot used again, growth over several sizes. */
const STEPS: readonly Step[] = [
  {
    rows: [
      [4, 5],
      [1, 9],
    ],
  },
  { copy: [1, 3] },
  {
    rows: [
      [3, 1],
      [1, 1],
      [4, 1],
    ],
  },
  { rows: [[4, 1]] },
  {
    rows: [
      [0, 2],
      [1, 1],
      [2, 7],
      [3, 1],
      [4, 1],
    ],
  },
  {
    rows: [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ],
  },
  {
    rows: [
      [2, 70],
      [0, 1],
    ],
  },
  { copy: [2, 0] },
  {
    rows: [
      [0, 40],
      [2, 1],
      [1, 3],
    ],
  },
  { rows: [[2, 40]] },
];

/** Results of attention at each step, in both layers. */
function play(cache: KVCache, config: ModelConfig): Float32Array[] {
  const width = (config.heads + 2 * config.kvHeads) * config.headDim;
  const lengths = new Int32Array(cache.slots);
  const outputs: Float32Array[] = [];
  STEPS.forEach((step, number) => {
    if ("copy" in step) {
      const [from, to] = step.copy;
      cache.copy(from, to, lengths[from]!);
      lengths[to] = lengths[from]!;
      return;
    }
    const slots = Int32Array.from(step.rows, ([slot]) => slot);
    const past = slots.map((slot) => lengths[slot]!);
    const layout = packRows(
      step.rows.map(([, tokens]) => tokens),
      [...past],
    );
    for (let layer = 0; layer < config.layers; layer++) {
      const key = streamKey(number, ["qkv", layer]);
      const qkv = tf.tensor2d(
        Float32Array.from({ length: layout.tokens * width }, (_, i) => 4 * uniformAt(key, i) - 2),
        [layout.tokens, width],
      );
      const mixed = cache.attend(layer, qkv, layout, slots, past);
      outputs.push(mixed.dataSync().slice() as Float32Array);
      tf.dispose([qkv, mixed]);
    }
    for (const [slot, tokens] of step.rows) lengths[slot]! += tokens;
    disposeLayout(layout);
  });
  return outputs;
}

type MakeCache = (config: ModelConfig) => KVCache;
const create: MakeCache = (config) => createKVCache(config, 5, 128);
const inPlace: readonly (readonly [string, BackendName, MakeCache])[] = [
  ["operations over all rows", "cpu", (config) => new BatchedKVCache(config, 5, 128)],
  ...KERNEL_BACKENDS.map((backend) => ["fused kernels", backend, create] as const),
  ...(NATIVE === undefined
    ? []
    : [["TensorFlow's operations", NATIVE, (config: ModelConfig) => new TensorFlowKVCache(tensorflowBackend()!, config, 5, 128)] as const]),
];
const WINDOW: ModelConfig = { ...TINY, slidingWindow: { size: 6, firstLayer: 1 } };

describe.each(inPlace)("the cache of %s on %s", (_, backend, make) => {
  test.each([
    ["all tokens seen", TINY],
    ["a sliding window", WINDOW],
    ["a key head for each head", { ...TINY, kvHeads: TINY.heads }],
  ] as const)("gives what the portable one gives: %s", async (__, config) => {
    await useBackend(backend);
    const [cache, portable] = [make(config), new PortableKVCache(config, 5, 128)];
    try {
      expect(cache).not.toBeInstanceOf(PortableKVCache);
      const [actual, expected] = [play(cache, config), play(portable, config)];
      expect(expected.length).toBe(2 * STEPS.filter((step) => "rows" in step).length);
      actual.forEach((output, i) => expect(relativeDifference(output, expected[i]!), `output ${i}`).toBeLessThan(1e-5));
      expect(cache.bytes).toBeGreaterThanOrEqual(portable.bytes);
    } finally {
      cache.dispose();
      portable.dispose();
    }
  });
});

test.skipIf(NATIVE === undefined)(
  "on native TensorFlow (skipped where it does not load) memory grows with the longest sequence",
  async () => {
    await useBackend(NATIVE);
    const cache = createKVCache(TINY, 5, 128);
    const before = cache.bytes;
    play(cache, TINY);
    expect(cache.bytes).toBe(2 * before);
    cache.dispose();
  },
);
