import type { LogRecord } from "@retool-ts/runs";
import { studentInterval } from "./student-interval.js";

/** One evaluation on validation problems along reinforcement learning. */
export interface CurvePoint {
  readonly step: number;
  readonly accuracy: number;
}

/** A step's mean over seeds with its 95 % t interval; null ends where there is one seed. */
export interface BandPoint {
  readonly step: number;
  readonly mean: number;
  readonly interval: readonly [low: number, high: number] | null;
  /** Seeds that were evaluated at this step. */
  readonly seeds: number;
}

/** The evaluations that a run made along the way; a run with `train.evaluateEvery` off has none. */
export function learningCurve(metrics: readonly LogRecord[]): CurvePoint[] {
  return metrics.flatMap(({ "rl/step": step, "eval/accuracy": accuracy }) =>
    typeof step === "number" && typeof accuracy === "number" ? [{ step, accuracy }] : [],
  );
}

/**
 * Mean entropy of a sampled token at the first step of reinforcement learning that measured it: a step whose groups all scored the same
 * has nothing to learn, and measures nothing. Null where there was none.
 */
export function startEntropy(metrics: readonly LogRecord[]): number | null {
  const measured = metrics.flatMap(({ phase, "policy/entropy": entropy }) =>
    phase === "rl" && typeof entropy === "number" ? [entropy] : [],
  );
  return measured[0] ?? null;
}

/** The mean curve of a cell, at every step that one of its runs was evaluated at. Ends of an interval stay between 0 and 1. */
export function curveBand(curves: readonly (readonly CurvePoint[])[]): BandPoint[] {
  const steps = [...new Set(curves.flatMap((curve) => curve.map(({ step }) => step)))].toSorted((a, b) => a - b);
  return steps.map((step) => {
    const values = curves.flatMap((curve) => curve.filter((point) => point.step === step).map(({ accuracy }) => accuracy));
    const { mean, halfWidth } = studentInterval(values);
    const interval = halfWidth === null ? null : ([Math.max(0, mean - halfWidth), Math.min(1, mean + halfWidth)] as const);
    return { step, mean, interval, seeds: values.length };
  });
}
