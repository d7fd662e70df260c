import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { passAtK } from "./estimators.js";
import { bootstrapIntervals, estimateMeans, wilsonInterval } from "./intervals.js";

/** Made by test/fixtures/estimators.py with exact fractions, statsmodels and full enumeration. */
const reference = JSON.parse(readFileSync(new URL("../test/fixtures/estimators.json", import.meta.url), "utf8")) as {
  readonly passes: readonly { samples: number; correct: number; k: number; value: number }[];
  readonly wilson: readonly { correct: number; n: number; ci95: [number, number] }[];
  readonly bootstrap: readonly { values: number[]; ci95: [number, number] }[];
};

test("pass@k agrees with exact fractions", () => {
  expect(reference.passes.length).toBeGreaterThan(80);
  for (const { samples, correct, k, value } of reference.passes)
    expect(passAtK(samples, correct, k), `${samples} ${correct} ${k}`).toBeCloseTo(value, 12);
});

test("Wilson's interval agrees with statsmodels", () => {
  for (const { correct, n, ci95 } of reference.wilson) {
    const [low, high] = wilsonInterval(correct / n, n);
    expect(low, `${correct} of ${n}`).toBeCloseTo(ci95[0], 9);
    expect(high, `${correct} of ${n}`).toBeCloseTo(ci95[1], 9);
  }
});

test.each(reference.bootstrap)("the bootstrap of $values comes to the percentiles of all resamples", ({ values, ci95 }) => {
  const [[low, high]] = bootstrapIntervals([values], 20_000) as [[number, number]];
  expect(Math.abs(low - ci95[0])).toBeLessThan(0.02);
  expect(Math.abs(high - ci95[1])).toBeLessThan(0.02);
});

describe("estimateMeans", () => {
  test("measures of 0 and 1 have Wilson's interval, shares a bootstrap over problems, the same each time", () => {
    const measures = { binary: [1, 0, 1, 1], shares: [0.5, 0, 1, 0.75] };
    const { binary, shares } = estimateMeans(measures);
    expect(binary).toEqual({ value: 0.75, ci95: wilsonInterval(0.75, 4) });
    expect(shares.value).toBe(0.5625);
    expect(shares.ci95[0]).toBeLessThan(0.4);
    expect(shares.ci95[1]).toBeGreaterThan(0.8);
    expect(estimateMeans(measures)).toEqual({ binary, shares });
  });

  test("samples of one problem are a cluster: repeating them narrows nothing", () => {
    // 20 problems, each all right or all wrong: 32 samples per problem say no more than one does.
    const once = Array.from({ length: 20 }, (_, i) => (i < 12 ? 1 : 0));
    const nearly = once.map((value, i) => (i === 0 ? 31 / 32 : value)); // one sample differs, so that it counts as shares
    const wilson = estimateMeans({ once }).once.ci95;
    const bootstrap = estimateMeans({ nearly }).nearly.ci95;
    expect(bootstrap[1] - bootstrap[0]).toBeGreaterThan(0.9 * (wilson[1] - wilson[0]));
  });

  test("the interval covers the truth about as often as it says", () => {
    // Problems with chances 0.1 … 0.9 of being solved, 8 samples each; drawn by a small generator of its own.
    let state = 12_345;
    const next = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff) / 0x7fffffff;
    let covered = 0;
    const rounds = 150;
    for (let round = 0; round < rounds; round++) {
      const values = Array.from({ length: 40 }, () => {
        const chance = 0.1 + 0.8 * next();
        return Array.from({ length: 8 }, () => (next() < chance ? 1 : 0)).reduce((sum: number, right) => sum + right, 0) / 8;
      });
      const { ci95 } = estimateMeans({ values }).values;
      if (ci95[0] <= 0.5 && 0.5 <= ci95[1]) covered++;
    }
    expect(covered / rounds).toBeGreaterThan(0.9); // nominal 0.95, standard error 0.018
    expect(covered / rounds).toBeLessThan(0.99);
  });
});
