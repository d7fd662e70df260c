import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { groupAdvantages } from "./advantages.js";

const groups = fc.array(fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.integer({ min: 0, max: 3 })), {
  minLength: 1,
  maxLength: 24,
});

describe("groupAdvantages", () => {
  test("worked by hand, groups interleaved", () => {
    // group 7: mean 0, std √((1 + 1) / 1) = √2; group 8: mean 2, std √((1 + 1 + 4) / 2) = √3
    const advantages = groupAdvantages([1, 1, -1, 1, 4], [7, 8, 7, 8, 8], { normalizeByStd: true, epsilon: 0 });
    expectClose(advantages, [1 / Math.SQRT2, -1 / Math.sqrt(3), -1 / Math.SQRT2, -1 / Math.sqrt(3), 2 / Math.sqrt(3)], 1e-12);
    expect(groupAdvantages([1, 1, -1, 1, 4], [7, 8, 7, 8, 8], { normalizeByStd: false })).toEqual([1, -1, -1, -1, 2]);
  });

  test("a group of one keeps its score; equal scores give exactly 0", () => {
    expect(groupAdvantages([-0.5], ["a"], { normalizeByStd: true, epsilon: 0 })).toEqual([-0.5]);
    expect(groupAdvantages([0.1, 0.1, 0.1], ["a", "a", "a"], { normalizeByStd: true })).toEqual([0, 0, 0]);
    expect(groupAdvantages([], [], { normalizeByStd: true })).toEqual([]);
  });

  test("ids that only look alike name different groups", () => {
    expect(groupAdvantages([3, 5], [1, "1"], { normalizeByStd: false })).toEqual([3, 5]);
  });

  test("advantages of a group with two or more samples sum to 0", () => {
    fc.assert(
      fc.property(groups, fc.boolean(), (samples, normalizeByStd) => {
        const ids = samples.map(([, id]) => id);
        const advantages = groupAdvantages(
          samples.map(([score]) => score),
          ids,
          { normalizeByStd },
        );
        for (const id of new Set(ids)) {
          const group = advantages.filter((_, index) => ids[index] === id);
          if (group.length > 1) expect(Math.abs(group.reduce((a, b) => a + b, 0))).toBeLessThan(1e-8);
        }
      }),
    );
  });

  test("a shift of all scores changes nothing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 2, maxLength: 9 }),
        fc.integer({ min: -9, max: 9 }),
        (scores, shift) => {
          const ids = scores.map(() => "a");
          const shifted = scores.map((score) => score + shift);
          expectClose(
            groupAdvantages(shifted, ids, { normalizeByStd: true }),
            groupAdvantages(scores, ids, { normalizeByStd: true }),
            1e-9,
          );
        },
      ),
    );
  });

  test("a caller's mistake throws", () => {
    expect(() => groupAdvantages([1, NaN], ["a", "a"], { normalizeByStd: true })).toThrow("scores[1]: expected a finite number, got NaN");
    expect(() => groupAdvantages([1, 2], ["a"], { normalizeByStd: true })).toThrow("groupIds: expected [2], got [1]");
  });
});
