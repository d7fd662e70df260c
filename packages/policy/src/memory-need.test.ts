import { expect, test } from "vitest";
import { TINY } from "../test/tiny.js";

import { cacheBytesPerToken, memoryNeed } from "./memory-need.js";
import { parameterCount } from "./parameter-specs.js";

const N = parameterCount(TINY);
/** Rank 3 on queries `[24, 4·8]` and down `[20, 24]` of 2 layers: 2 · 3 · (24 + 32 + 20 + 24). */
const LORA = { rank: 3, modules: ["q", "down"] } as const;
const ADAPTER = 600;
const NOTHING = { cachedTokens: 0, trainedTokens: 0 };

test("all weights: 16 bytes each", () => {
  const need = memoryNeed(TINY, NOTHING);
  expect(need).toMatchObject({ weights: 4 * N, gradients: 4 * N, moments: 8 * N, critic: 0, reference: 0, total: 16 * N });
});

test("an adapter: 4 bytes a frozen weight, 16 one of the adapter's; critic and reference stand on the same base", () => {
  const need = memoryNeed(TINY, { ...NOTHING, lora: LORA });
  expect(need).toMatchObject({ weights: 4 * (N + ADAPTER), gradients: 4 * ADAPTER, moments: 8 * ADAPTER, total: 4 * N + 16 * ADAPTER });
  const both = memoryNeed(TINY, { ...NOTHING, lora: LORA, critic: true, reference: "shared" });
  expect([both.critic, both.reference, both.total]).toEqual([16 * ADAPTER, 4 * ADAPTER, 4 * N + 36 * ADAPTER]);
  expect(memoryNeed(TINY, { ...NOTHING, lora: LORA, reference: "own" }).reference).toBe(4 * N);
  expect(memoryNeed(TINY, { ...NOTHING, critic: true, reference: "own" })).toMatchObject({
    critic: 16 * N,
    reference: 4 * N,
    total: 36 * N,
  });
});

test("keys and values are held while sampling, gradients and activations while training: the larger counts", () => {
  expect(cacheBytesPerToken(TINY)).toBe(2 * 2 * 2 * 8 * 4); // keys and values, layers, heads, width, bytes
  const activations = 4 * (10 * (7 * 24 + 2 * 64 + 3 * 20 + 20 * 24 + 8 * 20) + 3 * 10 * 29); // of a layer, and of one with its gradients
  expect(memoryNeed(TINY, { cachedTokens: 5, trainedTokens: 10 })).toMatchObject({
    keysAndValues: 5 * 256,
    activations,
    total: 12 * N + 4 * N + activations,
  });
  expect(memoryNeed(TINY, { cachedTokens: 1e6, trainedTokens: 10 }).total).toBe(12 * N + 256e6);
  const again = memoryNeed(TINY, { cachedTokens: 0, trainedTokens: 10, gradientCheckpointing: true }).activations;
  expect(again).toBe(4 * (10 * (2 * 24 + 20 * 24 + 8 * 20) + 3 * 10 * 29));
});

test("weights in 8 bits are a byte each: all the time below an adapter, else while sampling", () => {
  const use = { cachedTokens: 1e6, trainedTokens: 10, samplerWeights: "int8" } as const;
  expect(memoryNeed(TINY, use)).toMatchObject({ samplerWeights: N, total: 12 * N + N + 256e6 });
  const training = { ...use, cachedTokens: 0, trainedTokens: 1000 };
  expect(memoryNeed(TINY, training).total).toBe(memoryNeed(TINY, { ...training, samplerWeights: "float32" }).total);
  expect(memoryNeed(TINY, { ...NOTHING, lora: LORA, samplerWeights: "int8" }).total).toBe(4 * N + 16 * ADAPTER + N);
});
