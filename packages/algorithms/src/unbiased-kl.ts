import * as tf from "@tensorflow/tfjs-core";
import { expMinusLinear } from "./exp-minus.js";
import { stopGradient } from "./stop-gradient.js";
import { assertTokenShapes, maskTokens, type TokenTensor } from "./token-tensor.js";

/**
 * Estimate of KL(π ‖ π_ref) whose gradient is unbiased for tokens that an older policy sampled:
 *
 *     r (e^c − c − 1),   r = π / π_old,   c = log π_ref − log π
 *
 * Without r, the gradient of k3 is not that of the divergence: where π_ref is far more likely than π it grows without
 * bound. With it, the gradient is r · (log π − log π_ref) · ∇log π, whose mean over π_old is that of the divergence. Both
 * exponents are clamped to ±20.
 *
 * DeepSeek-AI, "DeepSeek-V3.2", sec. 3 (https://arxiv.org/abs/2512.02556).
 *
 * @param logProbs - log π(token), `[tokens]` or `[batch, seqLen]`; the gradient flows through both of their places.
 * @param oldLogProbs - the same under the policy that sampled; no gradient flows through them.
 * @param refLogProbs - the same under the reference; no gradient flows through them.
 * @param lossMask - the same shape; where it is 0, the penalty and its gradient are 0.
 * @returns the penalty in the shape of the inputs. The caller disposes of it.
 */
export function unbiasedKLPenalty<T extends TokenTensor>(logProbs: T, oldLogProbs: T, refLogProbs: T, lossMask: T): T {
  assertTokenShapes({ logProbs, oldLogProbs, refLogProbs, lossMask });
  return tf.tidy(() => {
    const current = maskTokens(logProbs, lossMask);
    const ratio = exponential(tf.sub<T>(current, stopGradient(maskTokens(oldLogProbs, lossMask))));
    const refLogRatio = tf.clipByValue<T>(tf.sub<T>(stopGradient(maskTokens(refLogProbs, lossMask)), current), -20, 20);
    return tf.mul<T>(ratio, expMinusLinear(refLogRatio));
  });
}

function exponential<T extends TokenTensor>(x: T): T {
  return tf.exp<T>(tf.clipByValue<T>(x, -20, 20));
}
