import * as tf from "@tensorflow/tfjs-core";
import { assertSequenceShapes, sequenceMean, sequenceSum, type PackedRows } from "./sequence-sum.js";
import { stopGradient } from "./stop-gradient.js";
import { maskTokens, type TokenTensor } from "./token-tensor.js";

/** Options of {@link sequenceImportanceWeights}. */
export interface SequenceImportanceOptions {
  /** Largest weight C. */
  readonly cap: number;
  /** `product` of the tokens' ratios (default), or their `geometric` mean, which does not grow with length. */
  readonly average?: "product" | "geometric";
  /** Places of the sequences of a packed `[tokens]` batch; `[batch, seqLen]` needs none. */
  readonly rows?: PackedRows;
}

/**
 * Truncated importance weights of whole sequences, one value at all tokens of a sequence: min(Π π_train / π_sampler, C).
 *
 * Without the cap they are the exact correction for a sampler that differs from the trainer; per token
 * (`truncatedImportanceWeights`) there is less variance and a bias. Multiply the loss per token by them before aggregation.
 *
 * Liu et al., "When Speed Kills Stability: Demystifying RL Collapse from the Training-Inference Mismatch"
 * (https://richardli.xyz/rl-collapse), for the sequence; Yao et al. (https://fengyao.notion.site/off-policy-rl) for the cap.
 *
 * @param trainerLogProbs - log-probs of the sampled tokens by the training forward with the sampling weights, `[tokens]`
 * or `[batch, seqLen]`.
 * @param samplerLogProbs - as the sampler saw them, the same shape.
 * @param lossMask - the same shape; where it is 0 the weight is 0.
 * @returns weights in the shape of the inputs, through which no gradient flows. The caller disposes of it.
 */
export function sequenceImportanceWeights<T extends TokenTensor>(
  trainerLogProbs: T,
  samplerLogProbs: T,
  lossMask: T,
  { cap, average = "product", rows }: SequenceImportanceOptions,
): T {
  assertSequenceShapes({ trainerLogProbs, samplerLogProbs, lossMask }, rows);
  return tf.tidy(() => {
    const logRatio = tf.sub<T>(maskTokens(trainerLogProbs, lossMask), maskTokens(samplerLogProbs, lossMask));
    const reduce = average === "product" ? sequenceSum : sequenceMean;
    const weight = tf.exp<T>(tf.minimum<T>(reduce(logRatio, lossMask, rows), Math.log(cap)));
    return stopGradient(maskTokens(weight, lossMask));
  });
}

/** Options of {@link offPolicySequenceMask}. */
export interface OffPolicyMaskOptions {
  /** δ: mean log π_old − log π over a sequence, above which one with negative advantage is dropped. */
  readonly threshold: number;
  /** Places of the sequences of a packed `[tokens]` batch; `[batch, seqLen]` needs none. */
  readonly rows?: PackedRows;
}

/**
 * Off-policy sequence mask: 0 at tokens with negative advantage whose sequence has drifted too far from the policy that
 * sampled it, mean(log π_old − log π) > δ; 1 at all others.
 *
 * The policy learns most from its own mistakes; from those of another it may unlearn. Multiply the loss per token by the
 * mask before aggregation, and leave the normalizer as it was.
 *
 * DeepSeek-AI, "DeepSeek-V3.2", sec. 3 (https://arxiv.org/abs/2512.02556).
 *
 * @param logProbs - log π(token) under the current policy, `[tokens]` or `[batch, seqLen]`.
 * @param oldLogProbs - as the sampler saw them, the same shape.
 * @param advantages - the same shape.
 * @param lossMask - the same shape; where it is 0 the result is 0.
 * @returns 0 or 1 in the shape of the inputs, without a gradient. The caller disposes of it.
 */
export function offPolicySequenceMask<T extends TokenTensor>(
  logProbs: T,
  oldLogProbs: T,
  advantages: T,
  lossMask: T,
  { threshold, rows }: OffPolicyMaskOptions,
): T {
  assertSequenceShapes({ logProbs, oldLogProbs, advantages, lossMask }, rows);
  return tf.tidy(() => {
    const drift = tf.sub<T>(maskTokens(oldLogProbs, lossMask), maskTokens(logProbs, lossMask));
    const isFar = tf.step<T>(tf.sub<T>(sequenceMean(drift, lossMask, rows), threshold));
    const isNegative = tf.step<T>(tf.neg<T>(maskTokens(advantages, lossMask)));
    const kept = tf.sub<T>(tf.onesLike<T>(isFar), tf.mul<T>(isFar, isNegative));
    return stopGradient(maskTokens(kept, lossMask));
  });
}
