import { assertShape } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";

/**
 * One number per token, in either of two layouts: `[batch, seqLen]` with padding, or `[tokens]` with the rows of a
 * batch packed behind one another. A loss mask of the same shape says which tokens count.
 */
export type TokenTensor = tf.Tensor1D | tf.Tensor2D;

/** Checks that all tensors have one shape, of rank 1 or 2. */
export function assertTokenShapes(tensors: Readonly<Record<string, TokenTensor>>): void {
  const all = Object.entries(tensors);
  const pattern = all[0]?.[1].rank === 1 ? ["tokens"] : ["batch", "seqLen"];
  const sizes = new Map<string, number>();
  for (const [name, tensor] of all) assertShape(name, tensor, pattern, sizes);
}

/**
 * True for each token that counts. Unknown to differentiation, also for a mask that was made from the log-probs (`tf.onesLike`): the tape
 * sees a result of the anchor alone.
 */
function counts<T extends TokenTensor>(lossMask: T): T {
  return tf.tidy(() => {
    const compare = tf.customGrad((anchor) => ({ value: tf.greater(lossMask, 0), gradFunc: () => tf.zerosLike(anchor as tf.Tensor) }));
    return compare(tf.scalar(0)) as T;
  });
}

/** 1 for each token that counts, else 0. */
export function countedTokens<T extends TokenTensor>(lossMask: T): T {
  return tf.cast<T>(counts(lossMask), "float32");
}

/**
 * `x` where the mask is 1, else 0. Selects instead of multiplying, so a NaN at a masked token neither reaches the
 * result nor, when applied to the inputs of a formula, its gradient.
 */
export function maskTokens<T extends TokenTensor>(x: T, lossMask: T): T {
  return tf.where<T>(counts(lossMask), x, tf.zerosLike<T>(x));
}

/** Number of tokens that count, at least 1 so that an empty mask divides to 0. `[]` */
export function countTokens(lossMask: TokenTensor): tf.Scalar {
  return tf.maximum<tf.Scalar>(tf.sum<tf.Scalar>(countedTokens(lossMask)), 1);
}

/** Share of the counted tokens at which a condition holds: masked sum / normalizer. `[]` */
export function maskedMean(x: TokenTensor, lossMask: TokenTensor, normalizer: tf.Scalar | number): tf.Scalar {
  return tf.div<tf.Scalar>(tf.sum(maskTokens(tf.cast(x, "float32"), lossMask)), normalizer);
}
