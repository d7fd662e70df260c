import * as tf from "@tensorflow/tfjs-core";

/**
 * y = x·w, with both gradients as products of plain operands: the wasm backend multiplies transposed operands ten times more
 * slowly than it transposes them first.
 *
 * @param x - `[tokens, inputs]`
 * @param w - `[inputs, outputs]`
 * @returns `[tokens, outputs]`
 */
export function linear(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  const op = tf.customGrad((a, b, save) => {
    const [left, right] = [a as tf.Tensor2D, b as tf.Tensor2D];
    (save as tf.GradSaveFunc)([left, right]);
    return {
      value: tf.matMul(left, right),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedX, savedW] = saved as [tf.Tensor2D, tf.Tensor2D];
        return [tf.matMul(dy as tf.Tensor2D, tf.transpose(savedW)), tf.matMul(tf.transpose(savedX), dy as tf.Tensor2D)];
      },
    };
  });
  return op(x, w) as tf.Tensor2D;
}

/**
 * y = x·wᵀ: the output head that shares the embedding matrix.
 *
 * @param x - `[tokens, width]`
 * @param w - `[outputs, width]`
 * @returns `[tokens, outputs]`
 */
export function linearTransposed(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  const op = tf.customGrad((a, b, save) => {
    const [left, right] = [a as tf.Tensor2D, b as tf.Tensor2D];
    (save as tf.GradSaveFunc)([left, right]);
    return {
      value: tf.matMul(left, tf.transpose(right)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedX, savedW] = saved as [tf.Tensor2D, tf.Tensor2D];
        return [tf.matMul(dy as tf.Tensor2D, savedW), tf.matMul(tf.transpose(dy as tf.Tensor2D), savedX)];
      },
    };
  });
  return op(x, w) as tf.Tensor2D;
}
