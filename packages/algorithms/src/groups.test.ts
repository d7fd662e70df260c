import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { informativeSamples, zeroVarianceGroupShare } from "./groups.js";

test("zeroVarianceGroupShare counts groups whose scores are all equal", () => {
  // a: equal; b: differs; c: one sample, which still teaches; d: equal
  expect(zeroVarianceGroupShare([1, 1, 1, -1, 1, 0, 0], ["a", "a", "b", "b", "c", "d", "d"])).toBe(0.5);
  expect(zeroVarianceGroupShare([], [])).toBe(0);
});

describe("informativeSamples", () => {
  test("keeps the groups whose scores differ, and groups of one, in the order of the batch", () => {
    // a: 1, 1 (dropped); b: −1, 1 (kept); c: one sample (kept); d: 0, 0 (dropped)
    expect(informativeSamples([1, -1, 1, 1, 0, 0, 0.5], ["a", "b", "a", "b", "d", "d", "c"])).toEqual([1, 3, 6]);
    expect(informativeSamples([], [])).toEqual([]);
  });

  test("what is kept has no group without variance, and nothing informative is dropped", () => {
    const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 4 })), { maxLength: 20 });
    fc.assert(
      fc.property(samples, (batch) => {
        const [scores, ids] = [batch.map(([score]) => score), batch.map(([, id]) => id)];
        const kept = informativeSamples(scores, ids);
        const part = (values: readonly number[]) => kept.map((index) => values[index]!);
        expect(zeroVarianceGroupShare(part(scores), part(ids))).toBe(0);
        const groups = new Set(ids).size;
        const dropped = groups - new Set(part(ids)).size;
        expect(dropped).toBe(Math.round(zeroVarianceGroupShare(scores, ids) * groups));
      }),
    );
  });

  test("a caller's mistake throws", () => {
    expect(() => informativeSamples([NaN], ["a"])).toThrow("scores[0]: expected a finite number, got NaN");
    expect(() => informativeSamples([1, 2], ["a"])).toThrow("groupIds: expected [2], got [1]");
  });
});
