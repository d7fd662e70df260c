/** Estimators that a reward can have; see `klPenalty` for their formulas. */
export type RewardKLEstimator = "k1" | "abs" | "k2" | "k3";

/**
 * Per-token estimate of KL(π ‖ π_ref) as plain numbers, for penalties in the reward; the formulas are those of `klPenalty`.
 *
 * @returns one number a token, 0 where the mask is 0
 */
export function klPenaltyValues(
  logProbs: ArrayLike<number>,
  refLogProbs: ArrayLike<number>,
  lossMask: ArrayLike<number>,
  estimator: RewardKLEstimator,
): Float32Array {
  return Float32Array.from(logProbs, (logProb, t) => (lossMask[t] ? estimate(logProb - refLogProbs[t]!, estimator) : 0));
}

function estimate(difference: number, estimator: RewardKLEstimator): number {
  switch (estimator) {
    case "k1":
      return difference;
    case "abs":
      return Math.abs(difference);
    case "k2":
      return difference ** 2 / 2;
    case "k3": {
      const logRatio = clamp(-difference, 20);
      return clamp(Math.expm1(logRatio) - logRatio, 10);
    }
  }
}

function clamp(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value));
}
