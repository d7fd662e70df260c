import * as tf from "@tensorflow/tfjs-core";

/** Below it the series of nine terms is exact to a 32-bit float; above it nothing cancels. */
const SMALL = 0.5;
/** 1/2!, 1/3!, … of e^x − x − 1 = x² (1/2! + x/3! + x²/4! + …). */
const SERIES = Array.from({ length: 9 }, (_, i) => 1 / Array.from({ length: i + 2 }, (__, j) => j + 1).reduce((a, b) => a * b, 1));

/** e^x − x − 1 without loss of digits near 0, where it is about x²/2; the gradient is e^x − 1. */
export function expMinusLinear<T extends tf.Tensor>(x: T): T {
  const op = tf.customGrad((input, save) => {
    const value = input as tf.Tensor;
    (save as tf.GradSaveFunc)([value]);
    const near = tf.clipByValue(value, -SMALL, SMALL);
    const series = SERIES.reduceRight<tf.Tensor>((sum, term) => tf.add(tf.mul(sum, near), term), tf.zerosLike(near));
    const small = tf.mul(tf.square(near), series);
    const result = tf.where(tf.lessEqual(tf.abs(value), SMALL), small, tf.sub(tf.expm1(value), value));
    return { value: result, gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => tf.mul(dy, tf.expm1(saved!)) };
  });
  return op(x) as T;
}
