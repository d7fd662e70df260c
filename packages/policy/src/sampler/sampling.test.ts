import { RandomStream } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { sampleToken, type SamplingOptions } from "./sampling.js";

const stream = new RandomStream(7, ["sampling"]);

function randomLogits(size: number, spread = 3): Float32Array {
  return Float32Array.from({ length: size }, () => stream.normal() * spread);
}

/** Probabilities of all ids by the definition of temperature, then top-k, top-p of what is left and min-p, with everything sorted. */
function reference(logits: Float32Array, allowed: number, { temperature, topP, topK, minP = 0 }: SamplingOptions): number[] {
  const weights = Array.from(logits.subarray(0, allowed), (logit) => Math.exp(logit / temperature));
  const all = weights.map((_, id) => id).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const order = topK > 0 ? all.slice(0, topK) : all;
  const total = order.reduce((sum, id) => sum + weights[id]!, 0);
  const kept = new Set<number>();
  let mass = 0;
  for (const id of order) {
    if (kept.size > 0 && topP < 1 && mass >= topP * total) break;
    if (weights[id]! < minP * weights[order[0]!]!) break;
    kept.add(id);
    mass += weights[id]!;
  }
  return weights.map((weight, id) => (kept.has(id) ? weight / mass : 0));
}

/** Share of an even grid of random numbers that gives each id. */
function frequencies(logits: Float32Array, allowed: number, options: SamplingOptions, draws: number): number[] {
  const counts = Array.from({ length: allowed }, () => 0);
  for (let i = 0; i < draws; i++) counts[sampleToken(logits, allowed, options, (i + 0.5) / draws).tokenId]!++;
  return counts.map((count) => count / draws);
}

describe("sampleToken", () => {
  test.each([
    { temperature: 1, topP: 1, topK: 0 },
    { temperature: 0.7, topP: 0.9, topK: 0 },
    { temperature: 1.3, topP: 0.3, topK: 0 },
    { temperature: 1, topP: 1, topK: 3 },
    { temperature: 1, topP: 0.8, topK: 4 },
    { temperature: 1, topP: 1e-9, topK: 0 },
    { temperature: 1, topP: 0.999, topK: 100 },
    { temperature: 1.5, topP: 1, topK: 0, minP: 0.1 },
    { temperature: 1, topP: 0.95, topK: 0, minP: 0.03 },
    { temperature: 1, topP: 0.9, topK: 6, minP: 0.3 },
  ])("shares equal the brute-force ones: $temperature, top-p $topP, top-k $topK, min-p $minP", (options) => {
    for (const size of [1, 2, 17, 40]) {
      const logits = randomLogits(size + 3);
      const expected = reference(logits, size, options);
      const actual = frequencies(logits, size, options, 4000);
      // On an even grid a share is off by less than two grid cells.
      actual.forEach((share, id) => expect(Math.abs(share - expected[id]!), `id ${id} of ${size}`).toBeLessThan(2 / 4000));
    }
  });

  // Of transformers 5.24 (TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper) in 64-bit floats, on 2, 1.5, 1, … −1.5.
  test.each([
    [1, 0.8, 4, [0.50648, 0.307196, 0.186324]],
    [1, 0.5, 3, [1]],
    [0.7, 0.9, 5, [0.578305, 0.283104, 0.138591]],
    [1.5, 0.6, 8, [0.448441, 0.321322, 0.230237]],
    [1, 0.3, 2, [1]],
    [1, 0.999, 3, [0.50648, 0.307196, 0.186324]],
  ] as const)("temperature %d, top-p %d, top-k %d: the shares of transformers", (temperature, topP, topK, expected) => {
    const logits = Float32Array.from({ length: 8 }, (_, i) => 2 - i / 2);
    const shares = frequencies(logits, 8, { temperature, topP, topK }, 4000);
    shares.forEach((share, id) => expect(Math.abs(share - (expected[id] ?? 0)), `id ${id}`).toBeLessThan(2 / 4000));
  });

  test.each([
    { temperature: 0, topP: 1, topK: 0 },
    { temperature: 1, topP: 1, topK: 0 },
    { temperature: 1, topP: 0.9, topK: 4 },
  ])("unused ids are never chosen, and count in the normaliser all the same: temperature $temperature, top-k $topK", (options) => {
    const logits = randomLogits(9);
    const unused = [0, 4, 8];
    for (const id of unused) logits[id] = 20; // the most likely by far
    const all = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    for (let i = 0; i < 200; i++) {
      const { tokenId, logProb } = sampleToken(logits, 9, options, (i + 0.5) / 200, unused);
      expect(unused).not.toContain(tokenId);
      expect(logProb).toBeCloseTo(logits[tokenId]! - all, 6);
    }
  });

  test("of equally likely tokens top-k keeps the lowest ids", () => {
    const equal = new Float32Array(40);
    expect(frequencies(equal, 40, { temperature: 1, topP: 1, topK: 2 }, 100).slice(0, 3)).toEqual([0.5, 0.5, 0]);
  });

  test("random draws pass a chi-square test", () => {
    const logits = randomLogits(12, 1);
    const expected = reference(logits, 12, { temperature: 1, topP: 1, topK: 0 });
    const draws = 20_000;
    const counts = expected.map(() => 0);
    for (let i = 0; i < draws; i++) counts[sampleToken(logits, 12, { temperature: 1, topP: 1, topK: 0 }, stream.uniform()).tokenId]!++;
    const statistic = counts.reduce((sum, count, id) => sum + (count - draws * expected[id]!) ** 2 / (draws * expected[id]!), 0);
    expect(statistic).toBeLessThan(31.3); // 99.9 % quantile with 11 degrees of freedom
  });

  test("the log-probability is that of the whole softmax, padding ids included, before top-p", () => {
    const logits = Float32Array.of(1, 2, 0, 3); // id 3 is padding
    const { tokenId, logProb } = sampleToken(logits, 3, { temperature: 0.5, topP: 0.5, topK: 0 }, 0.3);
    expect(tokenId).toBe(1);
    // 2/0.5 − log(e^2 + e^4 + e^0 + e^6)
    expect(logProb).toBeCloseTo(4 - Math.log(Math.exp(2) + Math.exp(4) + 1 + Math.exp(6)), 10);
  });

  test("temperature 0 takes the largest logit, the first of equals, whatever the random number", () => {
    const logits = Float32Array.of(0, 5, 5, 9);
    for (const uniform of [0, 0.5, 1 - 2 ** -32]) {
      const sampled = sampleToken(logits, 3, { temperature: 0, topP: 1, topK: 0 }, uniform);
      expect(sampled.tokenId).toBe(1);
      expect(sampled.logProb).toBeCloseTo(5 - Math.log(1 + 2 * Math.exp(5) + Math.exp(9)), 6);
    }
  });

  test("ids from the vocabulary's end on are never sampled, even when most likely", () => {
    const logits = randomLogits(10);
    logits[8] = 50;
    for (let i = 0; i < 500; i++) {
      expect(sampleToken(logits, 8, { temperature: 1, topP: 1, topK: 0 }, stream.uniform()).tokenId).toBeLessThan(8);
    }
  });

  test("impossible tokens are never sampled and huge logits do not overflow", () => {
    const logits = Float32Array.of(-Infinity, 3e4, -Infinity, 3e4);
    const seen = new Set(
      [0, 0.25, 0.5, 0.75, 1 - 2 ** -32].map((u) => sampleToken(logits, 4, { temperature: 1, topP: 1, topK: 0 }, u).tokenId),
    );
    expect(seen).toEqual(new Set([1, 3]));
    expect(sampleToken(logits, 4, { temperature: 1, topP: 1, topK: 0 }, 0).logProb).toBeCloseTo(Math.log(0.5), 6);
  });
});
