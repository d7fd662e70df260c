import * as tf from "@tensorflow/tfjs-core";
import { assertSequenceShapes, sequenceSum, type PackedRows } from "./sequence-sum.js";
import { stopGradient } from "./stop-gradient.js";
import { countTokens, maskedMean, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Bound on the logarithm of the sequence ratio before the exponential; the kernel is 0 long before it. */
const MAX_LOG_RATIO = 20;

/** Exponents of VESPO's kernel W^power · exp(decay (1 − W)). */
export interface VESPOKernel {
  /** c₁: how fast the weight falls where the policy has moved away from the sequence, W < 1. */
  readonly power: number;
  /** c₂: how fast it falls where the policy has moved towards it, W > 1. */
  readonly decay: number;
}

/** Options of {@link vespoLoss}. */
export interface VESPOOptions {
  /** Kernel where the advantage is positive. The paper's values are 2 and 3. */
  readonly positive: VESPOKernel;
  /** Kernel elsewhere. The paper's values are 3 and 2. */
  readonly negative: VESPOKernel;
  /** Places of the sequences of a packed `[tokens]` batch; `[batch, seqLen]` needs none. */
  readonly rows?: PackedRows;
  /** Denominator of the metrics: the counted tokens of the whole optimizer step. Default: those counted here. */
  readonly normalizer?: tf.Scalar | number;
}

/** Per-token loss and metrics of {@link vespoLoss}; the caller disposes of every tensor in it. */
export type VESPOLoss<T extends TokenTensor> = {
  /** Loss of each token, 0 where the mask is 0; the shape of the inputs. */
  readonly lossPerToken: T;
  readonly metrics: {
    /** Mean of log π_old − log π over tokens. */
    readonly "policy/approx_kl": tf.Scalar;
  };
};

/**
 * Variational sequence-level soft policy optimization: REINFORCE whose weight is a smooth kernel of the whole sequence's ratio,
 *
 *     L = −sg(φ(W)) A log π,  φ(W) = W^c₁ exp(c₂ (1 − W)),  W = Π π/μ over the sequence
 *
 * The ratio is not averaged over the length. φ(1) = 1; far from the sampler, on either side, the weight goes to 0 and no sequence can
 * dominate. The value itself means little; its gradient does. A sequence must not be split over micro-batches.
 *
 * Shen et al., "VESPO: Variational Sequence-level Soft Policy Optimization", eq. 20 (https://arxiv.org/abs/2602.10693).
 *
 * @param logProbs - log π(token) under the current policy, `[tokens]` or `[batch, seqLen]`.
 * @param oldLogProbs - log μ(token) under the policy that sampled; no gradient flows through them.
 * @param advantages - the same shape; no gradient flows through them.
 * @param lossMask - the same shape; 1 = sampled by the policy.
 * @returns owned tensors: the loss in the shape of the inputs, metrics as scalars.
 */
export function vespoLoss<T extends TokenTensor>(
  logProbs: T,
  oldLogProbs: T,
  advantages: T,
  lossMask: T,
  { positive, negative, rows, normalizer }: VESPOOptions,
): VESPOLoss<T> {
  assertSequenceShapes({ logProbs, oldLogProbs, advantages, lossMask }, rows);
  return tf.tidy<VESPOLoss<T>>(() => {
    const current = maskTokens(logProbs, lossMask);
    const advantage = maskTokens(advantages, lossMask);
    const logRatio = tf.sub<T>(stopGradient(current), maskTokens(oldLogProbs, lossMask));
    const logW = tf.minimum<T>(sequenceSum(logRatio, lossMask, rows), MAX_LOG_RATIO); // the shape of the inputs
    const isGain = tf.step<T>(advantage);
    const choose = (ofGain: number, other: number) => tf.add<T>(other, tf.mul<T>(isGain, ofGain - other));
    const power = choose(positive.power, negative.power);
    const decay = choose(positive.decay, negative.decay);
    const weight = tf.exp<T>(tf.add<T>(tf.mul<T>(power, logW), tf.mul<T>(decay, tf.sub<T>(1, tf.exp<T>(logW)))));
    const scale = stopGradient(tf.mul<T>(weight, advantage));
    return {
      lossPerToken: tf.neg<T>(tf.mul<T>(scale, current)),
      metrics: { "policy/approx_kl": maskedMean(tf.neg<T>(logRatio), lossMask, normalizer ?? countTokens(lossMask)) },
    };
  });
}
