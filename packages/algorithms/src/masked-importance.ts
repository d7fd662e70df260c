import * as tf from "@tensorflow/tfjs-core";
import { assertSequenceShapes, sequenceMean, sequenceSum, type PackedRows } from "./sequence-sum.js";
import { stopGradient } from "./stop-gradient.js";
import { assertTokenShapes, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Options of {@link maskedImportanceWeights}. */
export interface MaskedImportanceOptions {
  /** A ratio for each token, or one for each sequence: the product of its tokens', or their geometric mean. */
  readonly over: "token" | "product" | "geometric";
  /** Smallest ratio that is kept. */
  readonly floor: number;
  /** Largest ratio that is kept. */
  readonly cap: number;
  /** Places of the sequences of a packed `[tokens]` batch; `[batch, seqLen]` and `over: "token"` need none. */
  readonly rows?: PackedRows;
}

/**
 * Masked importance weights for a sampler that differs from the trainer: ρ = π_train / π_sampler where floor ≤ ρ ≤ cap, else 0.
 *
 * Unlike truncation, which goes on teaching from a token that the two disagree about, with the largest weight, this leaves it out; over
 * sequences all of their tokens. Multiply the loss per token by the weights before aggregation, and leave the normalizer as it was.
 *
 * Liu et al., "When Speed Kills Stability: Demystifying RL Collapse from the Training-Inference Mismatch", masked importance sampling
 * (https://richardli.xyz/rl-collapse).
 *
 * @param trainerLogProbs - log-probs of the sampled tokens by the training forward with the sampling weights, `[tokens]`
 * or `[batch, seqLen]`.
 * @param samplerLogProbs - as the sampler saw them, the same shape.
 * @param lossMask - the same shape; where it is 0 the weight is 0.
 * @returns weights in the shape of the inputs, through which no gradient flows. The caller disposes of it.
 */
export function maskedImportanceWeights<T extends TokenTensor>(
  trainerLogProbs: T,
  samplerLogProbs: T,
  lossMask: T,
  { over, floor, cap, rows }: MaskedImportanceOptions,
): T {
  const tensors = { trainerLogProbs, samplerLogProbs, lossMask };
  if (over === "token") assertTokenShapes(tensors);
  else assertSequenceShapes(tensors, rows);
  return tf.tidy(() => {
    const logRatio = tf.sub<T>(maskTokens(trainerLogProbs, lossMask), maskTokens(samplerLogProbs, lossMask));
    const reduced = over === "token" ? logRatio : (over === "product" ? sequenceSum : sequenceMean)(logRatio, lossMask, rows);
    const ratio = tf.exp<T>(tf.clipByValue<T>(reduced, logOf(floor), Math.log(cap))); // finite, also where it is dropped
    return stopGradient(maskTokens(tf.mul<T>(ratio, within(reduced, floor, cap)), lossMask));
  });
}

/** Options of {@link geometricSequenceMask}. */
export interface GeometricMaskOptions {
  /** Smallest geometric mean of a sequence's ratios that is kept. */
  readonly low: number;
  /** Largest one. */
  readonly high: number;
  /** Places of the sequences of a packed `[tokens]` batch; `[batch, seqLen]` needs none. */
  readonly rows?: PackedRows;
}

/**
 * Geometric sequence mask: 1 at the tokens of sequences in which low ≤ exp(mean(log π_train − log π_sampler)) ≤ high, else 0.
 *
 * The mean is an amount per token, so that long sequences are not dropped for being long, as with the product. Multiply the loss per
 * token by the mask before aggregation, and leave the normalizer as it was. It goes with weights of any kind, or with none.
 *
 * Liu et al., "When Speed Kills Stability: Demystifying RL Collapse from the Training-Inference Mismatch", geometric sequence masking
 * (https://richardli.xyz/rl-collapse).
 *
 * @param trainerLogProbs - log-probs of the sampled tokens by the training forward with the sampling weights, `[tokens]`
 * or `[batch, seqLen]`.
 * @param samplerLogProbs - as the sampler saw them, the same shape.
 * @param lossMask - the same shape; where it is 0 the result is 0.
 * @returns 0 or 1 in the shape of the inputs, without a gradient. The caller disposes of it.
 */
export function geometricSequenceMask<T extends TokenTensor>(
  trainerLogProbs: T,
  samplerLogProbs: T,
  lossMask: T,
  { low, high, rows }: GeometricMaskOptions,
): T {
  assertSequenceShapes({ trainerLogProbs, samplerLogProbs, lossMask }, rows);
  return tf.tidy(() => {
    const logRatio = tf.sub<T>(maskTokens(trainerLogProbs, lossMask), maskTokens(samplerLogProbs, lossMask));
    return stopGradient(maskTokens(within(sequenceMean(logRatio, lossMask, rows), low, high), lossMask));
  });
}

/** 1 where log low ≤ x ≤ log high, else 0. */
function within<T extends TokenTensor>(x: T, low: number, high: number): T {
  const isBelow = tf.step<T>(tf.sub<T>(logOf(low), x));
  const isAbove = tf.step<T>(tf.sub<T>(x, Math.log(high)));
  return tf.mul<T>(tf.sub<T>(1, isBelow), tf.sub<T>(1, isAbove));
}

/** The logarithm, with a finite number for 0. */
function logOf(bound: number): number {
  return Math.max(Math.log(bound), -1e30);
}
