import * as tf from "@tensorflow/tfjs-core";

/** Central differences (f(x + h) − f(x − h)) / 2h of a scalar function, one element at a time. */
export function finiteDifference(f: (x: tf.Tensor1D) => tf.Scalar, x: readonly number[], h = 1e-2): number[] {
  const at = (index: number, step: number) =>
    tf.tidy(() => f(tf.tensor1d(x.map((value, i) => (i === index ? value + step : value)))).dataSync()[0]!);
  return x.map((_, index) => (at(index, h) - at(index, -h)) / (2 * h));
}

/** The gradient that tfjs computes of a scalar function. */
export function gradientOf(f: (x: tf.Tensor1D) => tf.Scalar, x: readonly number[]): number[] {
  return tf.tidy(() => [
    ...tf
      .grad((value) => f(value as tf.Tensor1D))(tf.tensor1d([...x]))
      .dataSync(),
  ]);
}
