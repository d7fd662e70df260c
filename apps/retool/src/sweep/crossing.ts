import type { CurvePoint } from "./learning-curves.js";

/** The step at which one run passed the best accuracy of another. */
export interface Crossing {
  /** Highest accuracy that the other run had at any evaluation, and the first step at which it did. */
  readonly best: number;
  readonly bestStep: number;
  /** First evaluated step from which on the run stayed above `best`; null when it did not end above it. */
  readonly step: number | null;
  /** `step` as a share of the other run's steps. */
  readonly share: number | null;
}

/**
 * The step at which a run passes another's best for good: it is above it there and at every later evaluation, so that one lucky
 * evaluation does not count. Equal accuracy is not above.
 *
 * @param curve - evaluations of the run in order of steps.
 * @param other - those of the other run; its last step is its length.
 */
export function crossing(curve: readonly CurvePoint[], other: readonly CurvePoint[]): Crossing {
  const best = other.reduce((top, point) => (point.accuracy > top.accuracy ? point : top));
  const lastBelow = curve.findLastIndex(({ accuracy }) => accuracy <= best.accuracy);
  const step = curve[lastBelow + 1]?.step ?? null;
  const length = other.at(-1)!.step;
  return { best: best.accuracy, bestStep: best.step, step, share: step === null ? null : step / length };
}
