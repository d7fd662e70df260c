import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { discountedReturns, reinforcePlusPlusAdvantages, reinforcePlusPlusBaselineAdvantages } from "./reinforce.js";

describe("discountedReturns", () => {
  test("worked by hand: tool tokens are neither discounted nor paid", () => {
    // t3: 8; t2 is a tool's: its 100 is lost and it holds 8; t1: 2 + 0.5 · 8 = 6; t0: 1 + 0.5 · 6 = 4
    expect(discountedReturns([[1, 2, 100, 8]], [[1, 1, 0, 1]], { gamma: 0.5 })).toEqual([[4, 6, 8, 8]]);
  });

  test("rows may differ in length; trailing padding holds 0", () => {
    expect(discountedReturns([[0, 1, 9], [3]], [[1, 1, 0], [1]], { gamma: 1 })).toEqual([[1, 1, 0], [3]]);
    expect(() => discountedReturns([[1, 2]], [[1]], { gamma: 1 })).toThrow("lossMask[0]: expected [2], got [1]");
  });
});

describe("reinforcePlusPlusAdvantages", () => {
  test("worked by hand", () => {
    // returns of model tokens: 1, 1 and −1, −1: mean 0, variance (4 · 1) / 3, so ±1 / √(4/3) = ±√3/2
    const advantages = reinforcePlusPlusAdvantages(
      [
        [0, 50, 1],
        [0, -1],
      ],
      [
        [1, 0, 1],
        [1, 1],
      ],
      { gamma: 1 },
    );
    const a = Math.sqrt(3) / 2;
    expectClose(advantages.flat(), [a, 0, a, -a, -a], 1e-7);
    expect(advantages[0]![1]).toBe(0);
  });

  test("they have mean 0 and variance 1 over model tokens, and are exactly 0 elsewhere", () => {
    const token = fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(0, 1));
    fc.assert(
      fc.property(fc.array(fc.array(token, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 }), (batch) => {
        const mask = batch.map((row) => row.map(([, m]) => m));
        const rewards = batch.map((row) => row.map(([reward]) => reward));
        const advantages = reinforcePlusPlusAdvantages(rewards, mask, { gamma: 0.9 }).flat();
        const counted = advantages.filter((_, t) => mask.flat()[t] === 1);
        expect(Math.abs(counted.reduce((sum, a) => sum + a, 0))).toBeLessThan(1e-6);
        expect(advantages.filter((_, t) => mask.flat()[t] === 0).every((a) => a === 0)).toBe(true);
        if (counted.length > 1) expect(counted.reduce((sum, a) => sum + a * a, 0) / (counted.length - 1)).toBeLessThan(1 + 1e-6);
      }),
    );
  });
});

describe("reinforcePlusPlusBaselineAdvantages", () => {
  test("worked by hand: long samples weigh more in the batch's statistics", () => {
    // centred: a: 1 − 0.5 = 0.5, −0.5; b: 0, 0. Model tokens 0.5, 0.5, −0.5, 0: mean 0.125,
    // variance (2 · 0.375² + 0.625² + 0.125²) / 3 = 0.6875 / 3
    const scale = Math.sqrt(0.6875 / 3 + 1e-8);
    const advantages = reinforcePlusPlusBaselineAdvantages([1, 0, 7, 7], ["a", "a", "b", "b"], [[1, 0, 1], [1], [1, 0], [0]]);
    expectClose(advantages.flat(), [0.375 / scale, 0, 0.375 / scale, -0.625 / scale, -0.125 / scale, 0, 0], 1e-7);
  });

  test("a group of one keeps its score before whitening", () => {
    // 3 and −1 from groups of one: mean 1, variance (4 + 4) / 1 = 8
    expectClose(reinforcePlusPlusBaselineAdvantages([3, -1], ["a", "b"], [[1], [1]]).flat(), [2 / Math.sqrt(8), -2 / Math.sqrt(8)], 1e-7);
  });

  test("a caller's mistake throws", () => {
    expect(() => reinforcePlusPlusBaselineAdvantages([1, 2], ["a", "a"], [[1]])).toThrow("lossMask: expected [2], got [1]");
  });
});
