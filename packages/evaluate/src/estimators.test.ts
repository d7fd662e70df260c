import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { majorityAtK, passAtK, type Vote } from "./estimators.js";

/** All subsets of k. */
function subsets<T>(items: readonly T[], k: number): T[][] {
  if (k === 0) return [[]];
  return items.flatMap((item, index) => subsets(items.slice(index + 1), k - 1).map((rest) => [item, ...rest]));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("passAtK", () => {
  test.each([
    [4, 1, 1, 0.25],
    [4, 1, 2, 0.5], // 1 − C(3, 2) / C(4, 2) = 1 − 3 / 6
    [5, 2, 3, 0.9], // 1 − C(3, 3) / C(5, 3) = 1 − 1 / 10
    [5, 3, 3, 1], // only two are wrong
    [5, 0, 5, 0],
    [1, 1, 1, 1],
  ])("of %d samples %d right, k = %d: %d", (samples, correct, k, expected) => {
    expect(passAtK(samples, correct, k)).toBeCloseTo(expected, 12);
  });

  test("it is the mean over all subsets", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), fc.nat(), (right, seed) => {
        const k = 1 + (seed % right.length);
        const exact = mean(subsets(right, k).map((subset) => (subset.includes(true) ? 1 : 0)));
        expect(passAtK(right.length, right.filter(Boolean).length, k)).toBeCloseTo(exact, 10);
      }),
    );
  });

  test("thousands of samples neither overflow nor cancel", () => {
    expect(passAtK(10_000, 1, 100)).toBeCloseTo(0.01, 10);
  });

  test("a caller's mistake throws", () => {
    expect(() => passAtK(4, 1, 5)).toThrow("k: expected a whole number from 1 to 4, the number of samples, got 5");
    expect(() => passAtK(4, 5, 1)).toThrow("correct: expected a whole number from 0 to 4, got 5");
  });
});

const votes = (text: string): Vote[] =>
  Array.from(text, (letter) => ({ answer: letter === "-" ? undefined : letter, correct: letter === "r" }));

/** By counting, for one subset. */
function wins(subset: readonly Vote[]): number {
  const tally = new Map<string, number>();
  for (const { answer } of subset) if (answer !== undefined) tally.set(answer, (tally.get(answer) ?? 0) + 1);
  const most = Math.max(...tally.values());
  const first = [...tally].filter(([, count]) => count === most).map(([answer]) => answer);
  return first.length > 0 && first.includes("r") ? 1 / first.length : 0;
}

describe("majorityAtK", () => {
  test.each([
    ["rra", 3, 1],
    ["raa", 3, 0],
    ["ra", 2, 0.5], // a tie of two
    ["rab-", 4, 1 / 3], // a tie of three
    ["r---", 4, 1], // who abstains does not vote
    ["---", 2, 0],
    ["rraa", 1, 0.5],
    ["rra", 2, 2 / 3], // rr wins; ra twice, each a tie: (1 + 1/2 + 1/2) / 3
  ])("%s, k = %d: %d", (letters, k, expected) => {
    expect(majorityAtK(votes(letters), k)).toBeCloseTo(expected, 12);
  });

  test("it is the mean over all subsets", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("r", "a", "b", "c", "-"), { minLength: 1, maxLength: 9 }), fc.nat(), (letters, seed) => {
        const all = votes(letters.join(""));
        const k = 1 + (seed % all.length);
        expect(majorityAtK(all, k)).toBeCloseTo(mean(subsets(all, k).map(wins)), 10);
      }),
      { numRuns: 200 },
    );
  });

  test("with one sample it is accuracy", () => {
    expect(majorityAtK(votes("rraab-"), 1)).toBeCloseTo(2 / 6, 12);
  });

  test("256 samples of many answers are counted without going through all subsets", () => {
    const many = Array.from({ length: 256 }, (_, i) => ({ answer: `a${i % 40}`, correct: i % 40 === 3 }));
    const share = majorityAtK(many, 128);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
  });

  test("a caller's mistake throws", () => {
    expect(() => majorityAtK([], 1)).toThrow("k: expected a whole number from 1 to 0, the number of samples, got 1");
  });
});
