import * as tf from "@tensorflow/tfjs-core";
import { assertSequenceShapes, sequenceMean, type PackedRows } from "./sequence-sum.js";
import { stopGradient, zeroWithGradient } from "./stop-gradient.js";
import { countTokens, maskedMean, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Bound on the log of the sequence ratio before the exponential, as in verl. */
const MAX_LOG_RATIO = 10;

/** Options of {@link gspoLoss}. */
export interface GSPOOptions {
  /** ε below 1: the sequence ratio is clipped at 1 − clipLow. The paper's 3e-4 is far below a token's. */
  readonly clipLow: number;
  /** ε above 1: the sequence ratio is clipped at 1 + clipHigh. The paper's value is 4e-4. */
  readonly clipHigh: number;
  /** Places of the sequences of a packed `[tokens]` batch; `[batch, seqLen]` needs none. */
  readonly rows?: PackedRows;
  /** Denominator of the metrics: the counted tokens of the whole optimizer step. Default: those counted here. */
  readonly normalizer?: tf.Scalar | number;
}

/** Per-token loss and metrics of {@link gspoLoss}; the caller disposes of every tensor in it. */
export type GSPOLoss<T extends TokenTensor> = {
  /** Loss of each token, 0 where the mask is 0; the shape of the inputs. */
  readonly lossPerToken: T;
  readonly metrics: {
    /** Share of tokens whose sequence's clipped ratio gives the larger loss. */
    readonly "policy/clip_frac": tf.Scalar;
    /** Mean of log π_old − log π over tokens. */
    readonly "policy/approx_kl": tf.Scalar;
  };
};

/**
 * Group sequence policy optimization: PPO's clipped objective with one ratio a sequence, the geometric mean of its tokens'.
 *
 *     s = exp(mean over the sequence of (log π − log π_old))
 *     rₜ = sg(s) · πₜ / sg(πₜ)                      the value is s, the gradient its token's share
 *     Lₜ = max(−rₜ Aₜ, −clip(rₜ, 1 − clipLow, 1 + clipHigh) Aₜ)
 *
 * With one advantage a sequence and the aggregation `seq-mean-token-mean`, value and gradient are those of the sequence's
 * −min(sA, clip(s)A); advantages may differ by token. A sequence must not be split over micro-batches.
 *
 * Zheng et al., "Group Sequence Policy Optimization", eq. 5, 7 and 14 (https://arxiv.org/abs/2507.18071).
 *
 * @param logProbs - log π(token) under the current policy, `[tokens]` or `[batch, seqLen]`.
 * @param oldLogProbs - the same under the policy that sampled; no gradient flows through them.
 * @param advantages - the same shape; no gradient flows through them.
 * @param lossMask - the same shape; 1 = sampled by the policy.
 * @returns owned tensors: the loss in the shape of the inputs, metrics as scalars.
 */
export function gspoLoss<T extends TokenTensor>(
  logProbs: T,
  oldLogProbs: T,
  advantages: T,
  lossMask: T,
  { clipLow, clipHigh, rows, normalizer }: GSPOOptions,
): GSPOLoss<T> {
  assertSequenceShapes({ logProbs, oldLogProbs, advantages, lossMask }, rows);
  return tf.tidy<GSPOLoss<T>>(() => {
    const current = maskTokens(logProbs, lossMask);
    const advantage = stopGradient(maskTokens(advantages, lossMask));
    const logRatio = tf.sub<T>(stopGradient(current), maskTokens(oldLogProbs, lossMask));
    const sequenceLogRatio = stopGradient(sequenceMean(logRatio, lossMask, rows)); // the shape of the inputs

    const share = zeroWithGradient(current);
    const ratio = tf.exp<T>(tf.minimum<T>(tf.add<T>(sequenceLogRatio, share), MAX_LOG_RATIO));
    const unclippedLoss = tf.neg<T>(tf.mul<T>(ratio, advantage));
    const clippedLoss = tf.neg<T>(tf.mul<T>(tf.clipByValue<T>(ratio, 1 - clipLow, 1 + clipHigh), advantage));

    const count = normalizer ?? countTokens(lossMask);
    return {
      lossPerToken: tf.maximum<T>(unclippedLoss, clippedLoss),
      metrics: {
        "policy/clip_frac": maskedMean(tf.greater<T>(clippedLoss, unclippedLoss), lossMask, count),
        "policy/approx_kl": maskedMean(tf.neg<T>(logRatio), lossMask, count),
      },
    };
  });
}
