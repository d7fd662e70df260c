/** Learning rate over a run: linear warm-up from 0, then constant, linear or cosine decay to a floor. */
export interface ScheduleOptions {
  readonly kind: "constant" | "linear" | "cosine";
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** Fraction of the peak that is left at the end. */
  readonly floor: number;
}

/**
 * Learning rate of a step.
 *
 * @param step - counted from 0
 */
export function learningRateAt(step: number, { kind, peak, warmupSteps, totalSteps, floor }: ScheduleOptions): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const span = Math.max(1, totalSteps - warmupSteps);
  const progress = Math.min(1, (step - warmupSteps) / span);
  switch (kind) {
    case "constant":
      return peak;
    case "linear":
      return peak * (1 - (1 - floor) * progress);
    case "cosine":
      return peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress)));
  }
}
