import { stopGradient, type TokenLoss } from "@retool-ts/algorithms";
import * as tf from "@tensorflow/tfjs-core";

/** Losses that clients may ask for. */
export const TINKER_LOSSES = ["cross_entropy", "importance_sampling", "ppo", "cispo", "dro"] as const;
/** One of {@link TINKER_LOSSES}. */
export type TinkerLossName = (typeof TINKER_LOSSES)[number];

/** A loss with its numbers. With r = exp(log π − q), where q are the sent log-probabilities, A advantages and w weights: */
export type TinkerLoss =
  /** −Σ w log π */
  | { readonly name: "cross_entropy" }
  /** −Σ w A r */
  | { readonly name: "importance_sampling" }
  /** −Σ w min(A r, A clip(r, low, high)) */
  | { readonly name: "ppo"; readonly low: number; readonly high: number }
  /** −Σ w A sg(clip(r, low, high)) log π */
  | { readonly name: "cispo"; readonly low: number; readonly high: number }
  /** −Σ w (A log π − β/2 (log π − q)²) */
  | { readonly name: "dro"; readonly beta: number };

/** Numbers of one token that a loss reads; `advantage` and `oldLogProb` are 0 for cross-entropy. */
export interface LossToken {
  readonly weight: number;
  readonly advantage: number;
  readonly oldLogProb: number;
}

/** The loss of one token in double precision, from its log-probability. */
export function tokenLossValue(loss: TinkerLoss, logProb: number, { weight, advantage, oldLogProb }: LossToken): number {
  if (weight === 0) return 0;
  if (loss.name === "cross_entropy") return -weight * logProb;
  const logRatio = logProb - oldLogProb;
  if (loss.name === "dro") return -weight * (logProb * advantage - (loss.beta / 2) * logRatio ** 2);
  if (advantage === 0) return 0;
  const ratio = Math.exp(logRatio);
  switch (loss.name) {
    case "importance_sampling":
      return -weight * ratio * advantage;
    case "ppo":
      return -weight * Math.min(ratio * advantage, clip(ratio, loss) * advantage);
    case "cispo":
      return -weight * clip(ratio, loss) * logProb * advantage;
  }
}

function clip(ratio: number, { low, high }: { readonly low: number; readonly high: number }): number {
  return Math.min(Math.max(ratio, low), high);
}

/**
 * The same as a sum over tensors, for the gradient. Rows carry `weight`, and but for cross-entropy `advantage` and `oldLogProb`.
 *
 * @param keep - gets the log-probabilities of each micro-batch, which it borrows
 */
export function summedLoss(loss: TinkerLoss, keep: (logProbs: tf.Tensor1D) => void): TokenLoss {
  return ({ logProbs, fields }) => {
    keep(logProbs);
    const weight = fields["weight"]!;
    if (loss.name === "cross_entropy") return { loss: tf.neg(tf.sum(tf.mul(logProbs, weight))) };
    const advantage = fields["advantage"]!;
    const difference: tf.Tensor1D = tf.sub(logProbs, fields["oldLogProb"]!);
    const scale: tf.Tensor1D = tf.mul(advantage, weight);
    if (loss.name === "dro") {
      const penalty = tf.mul(tf.mul(tf.square(difference), weight), loss.beta / 2);
      return { loss: tf.sum<tf.Scalar>(tf.sub(penalty, tf.mul(logProbs, scale))) };
    }
    // Where nothing is learned the ratio is 1, so that one which overflows cannot make 0 · ∞ of it.
    const ratio: tf.Tensor1D = tf.exp(tf.mul(difference, tf.cast(tf.notEqual(scale, 0), "float32")));
    switch (loss.name) {
      case "importance_sampling":
        return { loss: tf.neg(tf.sum(tf.mul(ratio, scale))) };
      case "ppo": {
        const clipped = tf.clipByValue(ratio, loss.low, loss.high);
        // The weight is outside of the minimum: it may be negative.
        const surrogate = tf.minimum(tf.mul(ratio, advantage), tf.mul(clipped, advantage));
        return { loss: tf.neg(tf.sum(tf.mul(surrogate, weight))) };
      }
      case "cispo": {
        const constant = stopGradient(tf.mul<tf.Tensor1D>(tf.clipByValue(ratio, loss.low, loss.high), scale));
        return { loss: tf.neg(tf.sum(tf.mul(constant, logProbs))) };
      }
    }
  };
}
