import * as tf from "@tensorflow/tfjs-core";
import { adopt, fusedKernels, type KernelContext } from "../kernels/kernel-context.js";

/**
 * y = x / √(mean(x²) + ε) · weight over the last axis.
 *
 * See Zhang and Sennrich, "Root Mean Square Layer Normalization" (https://arxiv.org/abs/1910.07467), eq. 4.
 *
 * @param x - `[tokens, width]`
 * @param weight - `[width]`
 * @returns `[tokens, width]`
 */
export function rmsNorm(x: tf.Tensor2D, weight: tf.Tensor1D, { epsilon }: { readonly epsilon: number }): tf.Tensor2D {
  const fused = fusedKernels();
  if (fused !== undefined) return fusedRmsNorm(fused, x, weight, epsilon);
  const meanSquare = tf.mul(tf.sum(tf.square(x), 1, true), 1 / x.shape[1]); // [tokens, 1]
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon))), weight);
}

function fusedRmsNorm(context: KernelContext, x: tf.Tensor2D, weight: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  const { kernels, pointer, output } = context;
  const [rows, width] = x.shape;
  const op = tf.customGrad((a, b, save) => {
    const y = output(rows, width);
    const rstd = output(rows);
    kernels.rmsNormForward(pointer(a as tf.Tensor), pointer(b as tf.Tensor), rows, width, epsilon, pointer(y), pointer(rstd));
    (save as tf.GradSaveFunc)([a as tf.Tensor, b as tf.Tensor, adopt(rstd)]);
    return {
      value: adopt<tf.Rank.R2>(y),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedX, savedWeight, savedRstd] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const dx = output(rows, width);
        const dweight = output(width);
        kernels.rmsNormBackward(
          pointer(savedX),
          pointer(savedWeight),
          pointer(savedRstd),
          pointer(dy),
          rows,
          width,
          pointer(dx),
          pointer(dweight),
        );
        return [adopt(dx), adopt(dweight)];
      },
    };
  });
  return op(x, weight) as tf.Tensor2D;
}
