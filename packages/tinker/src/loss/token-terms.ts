import type { TargetRow } from "./target-row.js";

/** A loss of each token and its slope: the derivative by the token's log-probability. */
export interface TokenTerms {
  readonly values: Float64Array;
  readonly slopes: Float64Array;
}

/** Terms of a row's surrogate, and what it adds to the metrics. */
export interface SurrogateTerms extends TokenTerms {
  /** Sums over the row's tokens. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Terms of so many tokens, made one by one. */
export function tokenTerms(length: number, at: (index: number) => readonly [value: number, slope: number]): TokenTerms {
  const values = new Float64Array(length);
  const slopes = new Float64Array(length);
  for (let i = 0; i < length; i++) [values[i], slopes[i]] = at(i) as [number, number];
  return { values, slopes };
}

/** A number within bounds. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** log π − log π_old of a row's targets. */
export function logRatiosOf(row: TargetRow): Float64Array {
  const old = row.field("oldLogProbs");
  return row.logProbs.map((logProb, i) => logProb - old[i]!);
}
