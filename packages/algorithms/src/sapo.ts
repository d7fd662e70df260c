import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "./stop-gradient.js";
import { assertTokenShapes, countTokens, maskedMean, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Bound on |log π − log π_old| before the exponential, as for the clipped surrogate. */
const MAX_LOG_RATIO = 20;

/** Options of {@link sapoLoss}. */
export interface SAPOOptions {
  /** τ of tokens with positive advantage. The paper's value is 1. */
  readonly tauPositive: number;
  /** τ of the others; larger: their gradients fall faster. The paper's value is 1.05. */
  readonly tauNegative: number;
  /** Denominator of the metrics: the counted tokens of the whole optimizer step. Default: those counted here. */
  readonly normalizer?: tf.Scalar | number;
}

/** Per-token loss and metrics of {@link sapoLoss}; the caller disposes of every tensor in it. */
export type SAPOLoss<T extends TokenTensor> = {
  /** Loss of each token, 0 where the mask is 0; the shape of the inputs. */
  readonly lossPerToken: T;
  readonly metrics: {
    /** Mean of log π_old − log π over tokens. */
    readonly "policy/approx_kl": tf.Scalar;
  };
};

/**
 * Soft adaptive policy optimization: a sigmoid gate in the place of PPO's clip,
 *
 *     L = −f(r) A,  f(r) = 4/τ · σ(τ (r − 1)),  r = π / π_old
 *
 * with one τ for gains and another for mistakes. The gradient is −4 p (1 − p) r A with p = σ(τ (r − 1)): that of the policy gradient at
 * r = 1, and smoothly less on both sides. The paper averages over tokens, then over sequences: `seq-mean-token-mean`.
 *
 * Gao et al., "Soft Adaptive Policy Optimization", eq. 5 and 6 (https://arxiv.org/abs/2511.20347).
 *
 * @param logProbs - log π(token) under the current policy, `[tokens]` or `[batch, seqLen]`.
 * @param oldLogProbs - the same under the policy that sampled; no gradient flows through them.
 * @param advantages - the same shape; no gradient flows through them.
 * @param lossMask - the same shape; 1 = sampled by the policy.
 * @returns owned tensors: the loss in the shape of the inputs, metrics as scalars.
 */
export function sapoLoss<T extends TokenTensor>(
  logProbs: T,
  oldLogProbs: T,
  advantages: T,
  lossMask: T,
  { tauPositive, tauNegative, normalizer }: SAPOOptions,
): SAPOLoss<T> {
  assertTokenShapes({ logProbs, oldLogProbs, advantages, lossMask });
  return tf.tidy<SAPOLoss<T>>(() => {
    const advantage = stopGradient(maskTokens(advantages, lossMask));
    const logRatio = tf.sub<T>(maskTokens(logProbs, lossMask), stopGradient(maskTokens(oldLogProbs, lossMask)));
    const ratio = tf.exp<T>(tf.clipByValue<T>(logRatio, -MAX_LOG_RATIO, MAX_LOG_RATIO));
    const tau = tf.add<T>(tauNegative, tf.mul<T>(tf.step<T>(advantage), tauPositive - tauNegative));
    const gate = tf.mul<T>(tf.sigmoid<T>(tf.mul<T>(tau, tf.sub<T>(ratio, 1))), tf.div<T>(4, tau));
    const loss = tf.neg<T>(tf.mul<T>(gate, advantage));
    return {
      lossPerToken: maskTokens(loss, lossMask),
      metrics: { "policy/approx_kl": maskedMean(tf.neg<T>(logRatio), lossMask, normalizer ?? countTokens(lossMask)) },
    };
  });
}
