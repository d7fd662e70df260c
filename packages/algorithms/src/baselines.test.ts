import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { groupAdvantages } from "./advantages.js";
import { leaveOneOutAdvantages, remaxAdvantages } from "./baselines.js";

describe("leaveOneOutAdvantages", () => {
  test("worked by hand, groups interleaved", () => {
    // a: 1 − (0 + 2) / 2 = 0; 0 − (1 + 2) / 2 = −1.5; 2 − (1 + 0) / 2 = 1.5.  b: 3 − 5 = −2; 5 − 3 = 2
    expect(leaveOneOutAdvantages([1, 3, 0, 5, 2], ["a", "b", "a", "b", "a"])).toEqual([0, -2, -1.5, 2, 1.5]);
  });

  test("a group of one keeps its score; equal scores give exactly 0", () => {
    expect(leaveOneOutAdvantages([-0.5], ["a"])).toEqual([-0.5]);
    expect(leaveOneOutAdvantages([0.1, 0.1, 0.1], ["a", "a", "a"])).toEqual([0, 0, 0]);
  });

  test("they are n / (n − 1) times the score minus the group's mean, and sum to 0", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 9 }), (scores) => {
        const ids = scores.map(() => "a");
        const n = scores.length;
        const centred = groupAdvantages(scores, ids, { normalizeByStd: false });
        const advantages = leaveOneOutAdvantages(scores, ids);
        expectClose(
          advantages,
          centred.map((advantage) => (advantage * n) / (n - 1)),
          1e-9,
        );
        expect(Math.abs(advantages.reduce((sum, advantage) => sum + advantage, 0))).toBeLessThan(1e-9);
      }),
    );
  });

  test("a caller's mistake throws", () => {
    expect(() => leaveOneOutAdvantages([1, Infinity], ["a", "a"])).toThrow("scores[1]: expected a finite number, got Infinity");
  });
});

describe("remaxAdvantages", () => {
  test("worked by hand: the greedy response is the baseline", () => {
    // 1 − 0 = 1; 0 − 1 = −1; 1 − 1 = 0
    expect(remaxAdvantages([1, 0, 1], [0, 1, 1])).toEqual([1, -1, 0]);
    expect(remaxAdvantages([], [])).toEqual([]);
  });

  test("a caller's mistake throws", () => {
    expect(() => remaxAdvantages([1], [1, 0])).toThrow("greedyScores: expected [1], got [2]");
    expect(() => remaxAdvantages([1, 0], [1, NaN])).toThrow("scores[1]: expected finite scores, got 0 against NaN");
  });
});
