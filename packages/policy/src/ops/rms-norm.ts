import * as tf from "@tensorflow/tfjs-core";
import { fusedOp } from "../kernels/fused-op.js";
import { fusedKernels, wrap, type KernelContext } from "../kernels/kernel-context.js";

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
  return fusedOp([x, weight], {
    forward: ([input, scale]) => {
      const y = output(rows, width);
      const rstd = output(rows);
      kernels.rmsNormForward(pointer(input), pointer(scale), rows, width, epsilon, pointer(y), pointer(rstd));
      return { value: wrap<tf.Rank.R2>(y), saved: [input, scale, wrap(rstd)] };
    },
    backward: (dy, [input, scale, rstd]) => {
      const dx = output(rows, width);
      const dweight = output(width);
      const saved = [pointer(input), pointer(scale), pointer(rstd)] as const;
      kernels.rmsNormBackward(...saved, pointer(dy), rows, width, pointer(dx), pointer(dweight));
      return [wrap(dx), wrap(dweight)];
    },
  });
}
