import * as tf from "@tensorflow/tfjs-core";

/** Largest whole number of a byte that is used; symmetric around 0. */
const MOST = 127;

/**
 * A matrix as 8-bit whole numbers with a scale max |w| / 127 for each output channel would give it back: what backends without kernels
 * sample with. Rounds ties to even.
 *
 * @param w - `[inputs, outputs]`, or `[outputs, inputs]`
 * @param axis - of the inputs
 */
export function fakeQuantized(w: tf.Tensor2D, axis: 0 | 1): tf.Tensor2D {
  return tf.tidy(() => {
    const scale = tf.div(tf.max(tf.abs(w), axis, true), MOST);
    const divisor = tf.where(tf.greater(scale, 0), scale, tf.onesLike(scale));
    return tf.mul<tf.Tensor2D>(tf.round(tf.div(w, divisor)), scale);
  });
}
