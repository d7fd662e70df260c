import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { holmCorrection, mcnemarTest, pairedBootstrap } from "./paired-tests.js";

/** Made by test/fixtures/paired_tests.py with SciPy and statsmodels. */
const reference = JSON.parse(readFileSync(new URL("../test/fixtures/paired-tests.json", import.meta.url), "utf8")) as {
  readonly mcnemar: readonly { onlyA: number; onlyB: number; exact: number; midP: number }[];
  readonly holm: readonly { pValues: number[]; corrected: number[] }[];
  readonly bootstrap: readonly { a: number[]; b: number[]; difference: number; interval: [number, number] }[];
};

test.each(reference.mcnemar)("McNemar of $onlyA against $onlyB agrees with statsmodels and SciPy", ({ onlyA, onlyB, exact, midP }) => {
  const column = (ofA: boolean, ofB: boolean, n: number) => Array.from({ length: n }, () => [ofA, ofB] as const);
  const pairs = [...column(true, false, onlyA), ...column(true, true, 7), ...column(false, true, onlyB), ...column(false, false, 5)];
  const found = mcnemarTest(pairs.map(([a]) => a), pairs.map(([, b]) => b)); // prettier-ignore
  expect(found).toMatchObject({ onlyA, onlyB });
  expect(found.exact / exact).toBeCloseTo(1, 9);
  expect(found.midP / midP).toBeCloseTo(1, 9);
});

test.each(reference.holm)("Holm's correction of $pValues agrees with statsmodels", ({ pValues, corrected }) => {
  holmCorrection(pValues).forEach((value, i) => expect(value).toBeCloseTo(corrected[i]!, 12));
});

test.each(reference.bootstrap)("the paired bootstrap of $a and $b comes to the percentiles of all resamples", ({ a, b, ...expected }) => {
  const { difference, interval } = pairedBootstrap(a, b, { resamples: 20_000 });
  expect(difference).toBeCloseTo(expected.difference, 12);
  interval.forEach((bound, i) => expect(Math.abs(bound - expected.interval[i]!)).toBeLessThan(0.02));
});

test("pairs stay together, a seed decides the draws, and more coverage is wider", () => {
  const hard = Array.from({ length: 50 }, (_, i) => i / 50); // very different problems, one difference
  expect(pairedBootstrap(hard.map((value) => value + 0.1), hard).interval.map((bound) => bound.toFixed(9))).toEqual(["0.100000000", "0.100000000"]); // prettier-ignore
  const { a, b } = reference.bootstrap[1]!;
  expect(pairedBootstrap(a, b, { seed: 3 })).toEqual(pairedBootstrap(a, b, { seed: 3 }));
  const width = (coverage: number) => {
    const [low, high] = pairedBootstrap(a, b, { coverage }).interval;
    return high - low;
  };
  expect(width(0.99)).toBeGreaterThan(width(0.8));
});

test("lists of different lengths, none, and values that are no probabilities are refused", () => {
  expect(() => mcnemarTest([true], [])).toThrow(/b: expected \[1\], got \[0\]/);
  expect(() => pairedBootstrap([], [])).toThrow(/at least one problem/);
  expect(() => holmCorrection([0.5, Number.NaN])).toThrow(/from 0 to 1, got NaN/);
  expect(holmCorrection([])).toEqual([]);
});
