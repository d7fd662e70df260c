import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "./stop-gradient.js";
import { assertTokenShapes, countTokens, maskedMean, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Bound on |log π − log π_old| before the exponential, as for the clipped surrogate. */
const MAX_LOG_RATIO = 20;
/** Least probability of the other tokens in the binary KL divergence: a policy that is certain has a logarithm still. */
const LEAST_REST = 1e-8;

/** Options of {@link dppoLoss}. */
export interface DPPOOptions {
  /** Divergence of the sampled token against all others: total variation |μ − π|, or KL(μ ‖ π). */
  readonly divergence: "tv" | "kl";
  /** δ of mistakes: above it one whose probability has fallen already is left out. verl's values are 0.15 (tv) and 0.05 (kl). */
  readonly deltaLow: number;
  /** δ of gains: above it one whose probability has risen already is left out. */
  readonly deltaHigh: number;
  /** Denominator of the metrics: the counted tokens of the whole optimizer step. Default: those counted here. */
  readonly normalizer?: tf.Scalar | number;
}

/** Per-token loss and metrics of {@link dppoLoss}; the caller disposes of every tensor in it. */
export type DPPOLoss<T extends TokenTensor> = {
  /** Loss of each token, 0 where the mask is 0; the shape of the inputs. */
  readonly lossPerToken: T;
  readonly metrics: {
    /** Share of tokens that the trust region leaves out. */
    readonly "policy/clip_frac": tf.Scalar;
    /** Mean of log π_old − log π over tokens. */
    readonly "policy/approx_kl": tf.Scalar;
  };
};

/**
 * Divergence proximal policy optimization in its binary form: the ratio is not clipped; a token is left out when its probability, not its
 * ratio, has moved too far in the direction that its advantage pushes,
 *
 *     L = −M r A,  r = π / μ
 *     M = 0 where A > 0, r > 1 and D > deltaHigh, or A < 0, r < 1 and D > deltaLow; else 1
 *     D = |μ − π|,  or  μ log(μ/π) + (1 − μ) log((1 − μ)/(1 − π))
 *
 * so that a rare token may grow a hundredfold and a likely one may not fall from 0.99 to 0.8. The paper's μ is the sampler:
 * `oldLogProbs` are to be its own.
 *
 * Qi et al., "Rethinking the Trust Region in LLM Reinforcement Learning", eq. 12, 13 and 14 (https://arxiv.org/abs/2602.04879).
 *
 * @param logProbs - log π(token) under the current policy, `[tokens]` or `[batch, seqLen]`.
 * @param oldLogProbs - log μ(token) under the policy that sampled; no gradient flows through them.
 * @param advantages - the same shape; no gradient flows through them.
 * @param lossMask - the same shape; 1 = sampled by the policy.
 * @returns owned tensors: the loss in the shape of the inputs, metrics as scalars.
 */
export function dppoLoss<T extends TokenTensor>(
  logProbs: T,
  oldLogProbs: T,
  advantages: T,
  lossMask: T,
  { divergence, deltaLow, deltaHigh, normalizer }: DPPOOptions,
): DPPOLoss<T> {
  assertTokenShapes({ logProbs, oldLogProbs, advantages, lossMask });
  return tf.tidy<DPPOLoss<T>>(() => {
    const current = maskTokens(logProbs, lossMask);
    const old = stopGradient(maskTokens(oldLogProbs, lossMask));
    const advantage = stopGradient(maskTokens(advantages, lossMask));
    const logRatio = tf.sub<T>(current, old);
    const ratio = tf.exp<T>(tf.clipByValue<T>(logRatio, -MAX_LOG_RATIO, MAX_LOG_RATIO));
    const moved = stopGradient(logRatio);
    const distance = divergence === "tv" ? totalVariation(stopGradient(current), old) : binaryKL(stopGradient(current), old);
    const isBeyond = (direction: T, delta: number) => tf.mul<T>(tf.step<T>(direction), tf.step<T>(tf.sub<T>(distance, delta)));
    const isGainOut = tf.mul<T>(tf.step<T>(advantage), isBeyond(moved, deltaHigh));
    const isMistakeOut = tf.mul<T>(tf.step<T>(tf.neg<T>(advantage)), isBeyond(tf.neg<T>(moved), deltaLow));
    const isOut = stopGradient(tf.add<T>(isGainOut, isMistakeOut)); // 0 or 1
    const loss = tf.neg<T>(tf.mul<T>(ratio, advantage));
    const count = normalizer ?? countTokens(lossMask);
    return {
      lossPerToken: tf.mul<T>(loss, tf.sub<T>(1, isOut)),
      metrics: {
        "policy/clip_frac": maskedMean(isOut, lossMask, count),
        "policy/approx_kl": maskedMean(tf.neg<T>(moved), lossMask, count),
      },
    };
  });
}

/** |μ − π| of the sampled token. */
function totalVariation<T extends TokenTensor>(logProbs: T, oldLogProbs: T): T {
  return tf.abs<T>(tf.sub<T>(tf.exp<T>(oldLogProbs), tf.exp<T>(logProbs)));
}

/** KL(μ ‖ π) of the sampled token against all others. */
function binaryKL<T extends TokenTensor>(logProbs: T, oldLogProbs: T): T {
  const rest = (values: T) => tf.maximum<T>(tf.neg<T>(tf.expm1<T>(values)), LEAST_REST); // 1 − p, also where p is near 1
  const sampled = tf.mul<T>(tf.exp<T>(oldLogProbs), tf.sub<T>(oldLogProbs, logProbs));
  const others = tf.mul<T>(rest(oldLogProbs), tf.log<T>(tf.div<T>(rest(oldLogProbs), rest(logProbs))));
  return tf.add<T>(sampled, others);
}
