import { RandomStream } from "@retool-ts/core";

/** A 95 % confidence interval. */
export type Interval = readonly [low: number, high: number];

/** A mean over problems with its interval. */
export interface Estimate {
  readonly value: number;
  readonly ci95: Interval;
}

/** Standard normal quantile of 0.975. */
const Z = 1.959_963_984_540_054;
const RESAMPLES = 1_000;

/**
 * Means of several measures over the same problems, each with its 95 % interval. Problems are what is drawn at random, so the samples of
 * one problem stay together (they are a cluster, not independent trials).
 *
 * A measure that is 0 or 1 for every problem has Wilson's interval; others a percentile bootstrap over problems.
 *
 * @param measures - by name, one value a problem.
 */
export function estimateMeans<Name extends string>(measures: Readonly<Record<Name, readonly number[]>>): Record<Name, Estimate> {
  const entries = Object.entries(measures) as [Name, readonly number[]][];
  const shares = entries.filter(([, values]) => !values.every((value) => value === 0 || value === 1));
  const resampled = new Map(bootstrapIntervals(shares.map(([, values]) => values)).map((ci95, i) => [shares[i]![0], ci95]));
  return Object.fromEntries(
    entries.map(([name, values]) => {
      const value = mean(values);
      return [name, { value, ci95: resampled.get(name) ?? wilsonInterval(value, values.length) }];
    }),
  ) as Record<Name, Estimate>;
}

/**
 * The score interval of a share, which stays within [0, 1] and has a width even where nothing or everything is right.
 *
 * Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927).
 *
 * @param p - share of successes.
 * @param n - trials.
 */
export function wilsonInterval(p: number, n: number): Interval {
  if (n === 0) return [0, 1];
  const scale = 1 + (Z * Z) / n;
  const center = (p + (Z * Z) / (2 * n)) / scale;
  const half = (Z / scale) * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}

/**
 * Percentile bootstrap of means: problems are drawn with replacement, always the same draws, and the 2.5th and 97.5th percentiles of the
 * means taken.
 *
 * Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13.
 *
 * @param columns - one list of values a measure, all over the same problems.
 */
export function bootstrapIntervals(columns: readonly (readonly number[])[], resamples = RESAMPLES): Interval[] {
  const n = columns[0]?.length ?? 0;
  if (n === 0) return columns.map(() => [0, 1]);
  const stream = new RandomStream(0, ["bootstrap", n]);
  const means = columns.map(() => new Float64Array(resamples));
  for (let r = 0; r < resamples; r++) {
    for (let draw = 0; draw < n; draw++) {
      const problem = Math.floor(stream.uniform() * n);
      for (let c = 0; c < columns.length; c++) means[c]![r]! += columns[c]![problem]! / n;
    }
  }
  return means.map((values) => {
    const sorted = values.sort();
    return [percentile(sorted, 0.025), percentile(sorted, 0.975)];
  });
}

/** A quantile of sorted values, with linear interpolation between neighbours, as NumPy's default. */
export function percentile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
