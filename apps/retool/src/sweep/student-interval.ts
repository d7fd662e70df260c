import { RetoolError } from "@retool-ts/core";

/** Mean of one figure over seeds, with its 95 % confidence interval. */
export interface Interval {
  /** Number of values. */
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation (n − 1); null for one value. */
  readonly standardDeviation: number | null;
  /** Half the width of the 95 % interval of the mean, t·s/√n; null for one value. */
  readonly halfWidth: number | null;
  /** In the order in which they were given. */
  readonly values: readonly number[];
}

/**
 * Mean and 95 % interval mean ± t₀.₉₇₅,ₙ₋₁ · s / √n.
 *
 * Student, "The Probable Error of a Mean" (Biometrika 6, 1908).
 *
 * @throws RetoolError `NUMBER` when there are no values.
 */
export function studentInterval(values: readonly number[]): Interval {
  const n = values.length;
  if (n === 0) throw new RetoolError("NUMBER", "interval: expected at least one value, got none");
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { n, mean, standardDeviation: null, halfWidth: null, values };
  const standardDeviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  return { n, mean, standardDeviation, halfWidth: (studentQuantile(0.95, n - 1) * standardDeviation) / Math.sqrt(n), values };
}

/**
 * The t with P(|T| < t) = `coverage` under Student's distribution, by bisection.
 *
 * @param freedom - degrees of freedom, a whole number of at least 1.
 */
export function studentQuantile(coverage: number, freedom: number): number {
  let [low, high] = [0, 1];
  while (withinProbability(high, freedom) < coverage) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (withinProbability(middle, freedom) < coverage) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * P(|T| < t) as a finite sum over powers of cos θ, θ = atan(t/√ν).
 *
 * Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 (odd ν) and 26.7.4 (even ν).
 */
function withinProbability(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let power = isOdd ? 3 : 2; power <= freedom - 2; power += 2) {
    term *= ((power - 1) / power) * cosine ** 2;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}
