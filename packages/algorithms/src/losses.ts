import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "./stop-gradient.js";
import { assertTokenShapes, countTokens, maskedMean, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Bound on |log π − log π_old| before the exponential, as in verl: e²⁰ is still finite in float32. */
const MAX_LOG_RATIO = 20;

export interface ClippedSurrogateOptions {
  /** ε below 1: the ratio is clipped at 1 − clipLow. */
  readonly clipLow: number;
  /** ε above 1: the ratio is clipped at 1 + clipHigh. DAPO's clip-higher sets it above `clipLow`. */
  readonly clipHigh: number;
  /** Dual-clip bound c > 1 of a token with negative advantage: its loss is at most −cA. Absent: no bound. */
  readonly dualClip?: number;
  /**
   * Denominator of the metrics: the number of counted tokens of the whole optimizer step, so that the metrics of
   * micro-batches add up to those of the step. Default: the tokens counted here.
   */
  readonly normalizer?: tf.Scalar | number;
}

/** Per-token loss and metrics of {@link clippedSurrogateLoss}; the caller disposes of every tensor in it. */
export type ClippedSurrogate<T extends TokenTensor> = {
  /** Loss of each token, 0 where the mask is 0; the shape of the inputs. */
  readonly lossPerToken: T;
  /** Scalars that carry no useful gradient. */
  readonly metrics: {
    /** Share of tokens at which the clipped ratio gives the larger loss. */
    readonly "policy/clip_frac": tf.Scalar;
    /** Share of tokens cut by the dual clip. */
    readonly "policy/clip_frac_lower": tf.Scalar;
    /** Mean of log π_old − log π, the k1 estimate of KL(π_old ‖ π). */
    readonly "policy/approx_kl": tf.Scalar;
  };
};

/**
 * PPO's clipped surrogate objective, negated, token by token:
 *
 *     r = exp(clamp(log π − log π_old, −20, 20))
 *     L = max(−rA, −clip(r, 1 − clipLow, 1 + clipHigh) A)
 *     L = min(L, −cA)                                      where A < 0 and dualClip = c is given
 *
 * Schulman et al., "Proximal Policy Optimization Algorithms", eq. 7 (https://arxiv.org/abs/1707.06347); separate bounds
 * from Yu et al., "DAPO", eq. 10 (https://arxiv.org/abs/2503.14476); the dual clip from Ye et al., "Mastering Complex
 * Control in MOBA Games with Deep Reinforcement Learning", eq. 5 (https://arxiv.org/abs/1912.09729).
 *
 * All inputs have one shape, `[tokens]` or `[batch, seqLen]`. Masked tokens have loss 0 and gradient 0, whatever they
 * hold. Reduce the result with `aggregateLoss`.
 *
 * @param logProbs - log π(token) under the current policy.
 * @param oldLogProbs - the same under the policy that sampled; no gradient flows through them.
 * @param advantages - no gradient flows through them.
 * @param lossMask - 1 = sampled by the policy; 0 = prompt, tool output, padding.
 * @returns owned tensors: the loss in the shape of the inputs, metrics as scalars.
 */
export function clippedSurrogateLoss<T extends TokenTensor>(
  logProbs: T,
  oldLogProbs: T,
  advantages: T,
  lossMask: T,
  { clipLow, clipHigh, dualClip, normalizer }: ClippedSurrogateOptions,
): ClippedSurrogate<T> {
  assertTokenShapes({ logProbs, oldLogProbs, advantages, lossMask });
  if (dualClip !== undefined && !(dualClip > 1)) throw new RetoolError("OPTION", `dualClip: expected a number above 1, got ${dualClip}`);
  return tf.tidy<ClippedSurrogate<T>>(() => {
    const current = maskTokens(logProbs, lossMask);
    const old = stopGradient(maskTokens(oldLogProbs, lossMask));
    const advantage = stopGradient(maskTokens(advantages, lossMask));

    const logRatio = tf.clipByValue<T>(tf.sub<T>(current, old), -MAX_LOG_RATIO, MAX_LOG_RATIO);
    const ratio = tf.exp<T>(logRatio);
    const unclippedLoss = tf.neg<T>(tf.mul<T>(ratio, advantage));
    const clippedLoss = tf.neg<T>(tf.mul<T>(tf.clipByValue<T>(ratio, 1 - clipLow, 1 + clipHigh), advantage));
    const pessimisticLoss = tf.maximum<T>(unclippedLoss, clippedLoss);

    // The bound max(−cA, 0) leaves tokens with A ≥ 0 alone, whose loss is at most 0; so no condition is on the gradient's path.
    const bound = dualClip === undefined ? undefined : tf.relu<T>(tf.mul<T>(advantage, -dualClip));
    const lossPerToken = bound === undefined ? pessimisticLoss : tf.minimum<T>(pessimisticLoss, bound);

    const count = normalizer ?? countTokens(lossMask);
    return {
      lossPerToken,
      metrics: {
        "policy/clip_frac": maskedMean(tf.greater<T>(clippedLoss, unclippedLoss), lossMask, count),
        "policy/clip_frac_lower": maskedMean(tf.less<T>(lossPerToken, pessimisticLoss), lossMask, count),
        "policy/approx_kl": maskedMean(tf.neg<T>(logRatio), lossMask, count),
      },
    };
  });
}
