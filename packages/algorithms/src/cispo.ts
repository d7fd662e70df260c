import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "./stop-gradient.js";
import { assertTokenShapes, countTokens, maskedMean, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Bound on |log π − log π_old| before the exponential, as for the clipped surrogate. */
const MAX_LOG_RATIO = 20;

/** Options of {@link cispoLoss}. */
export interface CISPOOptions {
  /** ε below 1: the weight is at least 1 − clipLow. The paper sets no such bound: 1. */
  readonly clipLow: number;
  /** ε above 1: the weight is at most 1 + clipHigh. */
  readonly clipHigh: number;
  /** Denominator of the metrics: the counted tokens of the whole optimizer step. Default: those counted here. */
  readonly normalizer?: tf.Scalar | number;
}

/** Per-token loss and metrics of {@link cispoLoss}; the caller disposes of every tensor in it. */
export type CISPOLoss<T extends TokenTensor> = {
  /** Loss of each token, 0 where the mask is 0; the shape of the inputs. */
  readonly lossPerToken: T;
  readonly metrics: {
    /** Share of tokens whose weight is clipped; unlike PPO's, they go on teaching. */
    readonly "policy/clip_frac": tf.Scalar;
    /** Mean of log π_old − log π over tokens. */
    readonly "policy/approx_kl": tf.Scalar;
  };
};

/**
 * Clipped importance-sampling policy optimization, token by token: REINFORCE with a clipped, detached weight,
 *
 *     L = −sg(clip(π / π_old, 1 − clipLow, 1 + clipHigh)) A log π
 *
 * so that no token loses its gradient. The value itself means little; its gradient does.
 *
 * MiniMax, "MiniMax-M1", eq. 4 and 5 (https://arxiv.org/abs/2506.13585).
 *
 * @param logProbs - log π(token) under the current policy, `[tokens]` or `[batch, seqLen]`.
 * @param oldLogProbs - the same under the policy that sampled; no gradient flows through them.
 * @param advantages - the same shape; no gradient flows through them.
 * @param lossMask - the same shape; 1 = sampled by the policy.
 * @returns owned tensors: the loss in the shape of the inputs, metrics as scalars.
 */
export function cispoLoss<T extends TokenTensor>(
  logProbs: T,
  oldLogProbs: T,
  advantages: T,
  lossMask: T,
  { clipLow, clipHigh, normalizer }: CISPOOptions,
): CISPOLoss<T> {
  assertTokenShapes({ logProbs, oldLogProbs, advantages, lossMask });
  return tf.tidy<CISPOLoss<T>>(() => {
    const current = maskTokens(logProbs, lossMask);
    const logRatio = tf.sub<T>(stopGradient(current), maskTokens(oldLogProbs, lossMask));
    const ratio = tf.exp<T>(tf.clipByValue<T>(logRatio, -MAX_LOG_RATIO, MAX_LOG_RATIO));
    const weight = tf.clipByValue<T>(ratio, 1 - clipLow, 1 + clipHigh);
    const scale = stopGradient(tf.mul<T>(weight, maskTokens(advantages, lossMask)));
    const count = normalizer ?? countTokens(lossMask);
    return {
      lossPerToken: tf.neg<T>(tf.mul<T>(scale, current)),
      metrics: {
        "policy/clip_frac": maskedMean(tf.notEqual<T>(weight, ratio), lossMask, count),
        "policy/approx_kl": maskedMean(tf.neg<T>(logRatio), lossMask, count),
      },
    };
  });
}
