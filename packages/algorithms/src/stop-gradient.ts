import * as tf from "@tensorflow/tfjs-core";

/**
 * The identity, through which no gradient flows: the derivative is 0 everywhere.
 *
 * With one update per rollout the old log-probs are the current ones, detached: `stopGradient(logProbs)`.
 *
 * @returns a tensor of the same shape and values. The caller disposes of it.
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const detach = tf.customGrad((value) => ({
    value: tf.clone(value as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return detach(x) as T;
}

/** 0 with the gradient of x: x − sg(x), also where x is infinite. */
export function zeroWithGradient<T extends tf.Tensor>(x: T): T {
  const attach = tf.customGrad((value) => ({ value: tf.zerosLike(value as tf.Tensor), gradFunc: (dy: tf.Tensor) => tf.clone(dy) }));
  return attach(x) as T;
}
