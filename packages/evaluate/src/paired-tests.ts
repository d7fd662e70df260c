import { assertSameLength, RandomStream, RetoolError } from "@retool-ts/core";
import { percentile, type Interval } from "./intervals.js";

/** Counts and p-values of {@link mcnemarTest}. */
export interface McNemarResult {
  /** Problems that only the first solves. */
  readonly onlyA: number;
  /** Problems that only the second solves. */
  readonly onlyB: number;
  /** Two-sided p-value of the exact test. */
  readonly exact: number;
  /** Two-sided mid-p value: less conservative, and near its level also with few problems. */
  readonly midP: number;
}

/**
 * McNemar's test of two models on the same problems: do the problems that only one of them solves fall to both evenly?
 *
 * Exact: min(1, 2 P(X ≤ min(b, c))) with X binomial over the b + c problems on which they differ, p = ½. Mid-p: the exact value minus
 * P(X = min(b, c)). Without a difference both are 1.
 *
 * McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions" (1947); Fagerland, Lydersen and Laake,
 * "The McNemar Test for Binary Matched-Pairs Data: Mid-p and Asymptotic Are Better Than Exact Conditional" (2013).
 *
 * @param a - whether the first solved each problem.
 * @param b - the same of the second, over the same problems in the same order.
 * @throws RetoolError when the lists differ in length.
 */
export function mcnemarTest(a: readonly boolean[], b: readonly boolean[]): McNemarResult {
  assertSameLength({ a, b });
  const onlyA = a.filter((solved, i) => solved && !b[i]).length;
  const onlyB = b.filter((solved, i) => solved && !a[i]).length;
  const [few, all] = [Math.min(onlyA, onlyB), onlyA + onlyB];
  if (all === 0) return { onlyA, onlyB, exact: 1, midP: 1 };
  const probabilities = halvesUpTo(few, all);
  const twoSided = 2 * probabilities.reduce((sum, value) => sum + value, 0);
  return { onlyA, onlyB, exact: Math.min(1, twoSided), midP: Math.min(1, twoSided - probabilities.at(-1)!) };
}

/** P(X = 0), …, P(X = most) of a binomial with n trials and p = ½. */
function halvesUpTo(most: number, n: number): number[] {
  let log = -n * Math.LN2;
  return Array.from({ length: most + 1 }, (_, k) => {
    if (k > 0) log += Math.log((n - k + 1) / k);
    return Math.exp(log);
  });
}

/** Options of {@link pairedBootstrap}. */
export interface PairedBootstrapOptions {
  /** Draws of all problems with replacement. Default 10,000. */
  readonly resamples?: number;
  /** Share of the draws within the interval. Default 0.95. */
  readonly coverage?: number;
  readonly seed?: number;
}

/** A difference of means with its interval. */
export interface PairedDifference {
  /** Mean of `a` minus mean of `b`. */
  readonly difference: number;
  readonly interval: Interval;
}

/**
 * Difference of two means over the same problems with a percentile bootstrap: problems are drawn, and both values of a problem stay
 * together, so that what makes a problem hard for both does not widen the interval. The same seed, the same interval.
 *
 * Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13.
 *
 * @param a - one value a problem.
 * @param b - the same of the other, over the same problems in the same order.
 * @throws RetoolError when the lists differ in length or are empty.
 */
export function pairedBootstrap(
  a: readonly number[],
  b: readonly number[],
  { resamples = 10_000, coverage = 0.95, seed = 0 }: PairedBootstrapOptions = {},
): PairedDifference {
  const n = assertSameLength({ a, b });
  if (n === 0) throw new RetoolError("OPTION", "pairedBootstrap: expected at least one problem, got none");
  const differences = a.map((value, i) => value - b[i]!);
  const stream = new RandomStream(seed, ["paired-bootstrap", n]);
  const means = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (let draw = 0; draw < n; draw++) sum += differences[Math.floor(stream.uniform() * n)]!;
    means[r] = sum / n;
  }
  const sorted = means.sort();
  const tail = (1 - coverage) / 2;
  const difference = differences.reduce((sum, value) => sum + value, 0) / n;
  return { difference, interval: [percentile(sorted, tail), percentile(sorted, 1 - tail)] };
}

/**
 * Holm's step-down correction of several p-values: the smallest times their number, the next times one fewer, and so on, never falling
 * and at most 1. Values below a level stay below it with at most that probability of a single false one among all.
 *
 * Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979).
 *
 * @returns corrected values in the order of the given ones.
 */
export function holmCorrection(pValues: readonly number[]): number[] {
  const wrong = pValues.find((p) => !(p >= 0 && p <= 1));
  if (wrong !== undefined) throw new RetoolError("NUMBER", `pValues: expected numbers from 0 to 1, got ${wrong}`);
  const order = pValues.map((_, i) => i).toSorted((i, k) => pValues[i]! - pValues[k]!);
  const corrected = new Array<number>(pValues.length);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * pValues[index]!));
    corrected[index] = least;
  });
  return corrected;
}
