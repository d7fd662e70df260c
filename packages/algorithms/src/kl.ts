import * as tf from "@tensorflow/tfjs-core";
import { expMinusLinear } from "./exp-minus.js";
import { stopGradient } from "./stop-gradient.js";
import { assertTokenShapes, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Estimator of KL(π ‖ π_ref) from one sampled token; see {@link klPenalty}. */
export type KLEstimator = "k1" | "abs" | "k2" | "k3";

export interface KLPenaltyOptions {
  readonly estimator: KLEstimator;
}

/**
 * Per-token estimate of KL(π ‖ π_ref), with d = log π − log π_ref:
 *
 * | estimator | value | other name |
 * | --- | --- | --- |
 * | `k1` | d | `kl`; unbiased, can be negative |
 * | `abs` | \|d\| | its gradient at d = 0 is 0 |
 * | `k2` | d² / 2 | `mse`; its gradient is that of the KL divergence |
 * | `k3` | clamp(e^c − c − 1, −10, 10), c = clamp(−d, −20, 20) | `low_var_kl`; not negative, the one of GRPO |
 *
 * J. Schulman, "Approximating KL Divergence" (http://joschu.net/blog/kl-approx.html); Shao et al., "DeepSeekMath", eq. 4
 * (https://arxiv.org/abs/2402.03300). The clamps are verl's.
 *
 * @param logProbs - log π(token), `[tokens]` or `[batch, seqLen]`.
 * @param refLogProbs - the same shape; no gradient flows through them.
 * @param lossMask - the same shape; where it is 0, the penalty and its gradient are 0.
 * @returns the penalty in the shape of the inputs. The caller disposes of it.
 */
export function klPenalty<T extends TokenTensor>(logProbs: T, refLogProbs: T, lossMask: T, { estimator }: KLPenaltyOptions): T {
  assertTokenShapes({ logProbs, refLogProbs, lossMask });
  return tf.tidy(() => {
    const difference = tf.sub<T>(maskTokens(logProbs, lossMask), stopGradient(maskTokens(refLogProbs, lossMask)));
    switch (estimator) {
      case "k1":
        return difference;
      case "abs":
        return tf.mul<T>(difference, stopGradient(tf.sign<T>(difference))); // the gradient of `tf.abs` at 0 is −1
      case "k2":
        return tf.mul<T>(tf.square<T>(difference), 0.5);
      case "k3": {
        const logRatio = tf.clipByValue<T>(tf.neg<T>(difference), -20, 20);
        return tf.clipByValue<T>(expMinusLinear(logRatio), -10, 10);
      }
    }
  });
}
