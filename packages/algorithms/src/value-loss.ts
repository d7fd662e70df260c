import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "./stop-gradient.js";
import { assertTokenShapes, countTokens, maskedMean, maskTokens, type TokenTensor } from "./token-tensor.js";

export interface ClippedValueOptions {
  /** Distance that a prediction may move from the old one before its loss stops falling. */
  readonly clipValue: number;
  /** Denominator of the metric: the counted tokens of the whole optimizer step. Default: those counted here. */
  readonly normalizer?: tf.Scalar | number;
}

/** Per-token loss and metrics of {@link clippedValueLoss}; the caller disposes of every tensor in it. */
export type ClippedValue<T extends TokenTensor> = {
  /** Loss of each token, 0 where the mask is 0; the shape of the inputs. */
  readonly lossPerToken: T;
  readonly metrics: {
    /** Share of tokens at which the clipped prediction gives the larger loss. */
    readonly "value/clip_frac": tf.Scalar;
  };
};

/**
 * PPO's clipped value loss, token by token: ½ max((V − R)², (clip(V, V_old − c, V_old + c) − R)²).
 *
 * The clip is that of OpenAI Baselines, named in Engstrom et al., "Implementation Matters in Deep Policy Gradients",
 * sec. 3 (https://arxiv.org/abs/2005.12729).
 *
 * @param values - V, predicted now, `[tokens]` or `[batch, seqLen]`.
 * @param oldValues - V_old, predicted at the rollout, the same shape; no gradient flows through them.
 * @param returns - R, the same shape; no gradient flows through them.
 * @param lossMask - the same shape; 1 = counts.
 * @returns owned tensors. Reduce the loss with `aggregateLoss`.
 */
export function clippedValueLoss<T extends TokenTensor>(
  values: T,
  oldValues: T,
  returns: T,
  lossMask: T,
  { clipValue, normalizer }: ClippedValueOptions,
): ClippedValue<T> {
  assertTokenShapes({ values, oldValues, returns, lossMask });
  return tf.tidy<ClippedValue<T>>(() => {
    const value = maskTokens(values, lossMask);
    const old = stopGradient(maskTokens(oldValues, lossMask));
    const target = stopGradient(maskTokens(returns, lossMask));
    const clipped = tf.add<T>(old, tf.clipByValue(tf.sub(value, old), -clipValue, clipValue));
    const unclippedLoss = tf.square<T>(tf.sub<T>(value, target));
    const clippedLoss = tf.square<T>(tf.sub<T>(clipped, target));
    return {
      lossPerToken: tf.mul<T>(tf.maximum<T>(unclippedLoss, clippedLoss), 0.5),
      metrics: {
        "value/clip_frac": maskedMean(tf.greater<T>(clippedLoss, unclippedLoss), lossMask, normalizer ?? countTokens(lossMask)),
      },
    };
  });
}
