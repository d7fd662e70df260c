import * as tf from "@tensorflow/tfjs-core";
import { adopt, fusedKernels, type KernelContext } from "../kernels/kernel-context.js";

/**
 * y = x + b for every row. The bias's gradient, a sum over all tokens, is made in double precision where our kernels run.
 *
 * @param x - `[tokens, width]`
 * @param b - `[width]`
 * @returns `[tokens, width]`
 */
export function addBias(x: tf.Tensor2D, b: tf.Tensor1D): tf.Tensor2D {
  const fused = fusedKernels();
  if (fused === undefined) return tf.add(x, b);
  const op = tf.customGrad((input, bias) => ({
    value: tf.add(input as tf.Tensor2D, bias as tf.Tensor1D),
    gradFunc: (dy: tf.Tensor) => [dy.clone(), sumRows(fused, dy)],
  }));
  return op(x, b) as tf.Tensor2D;
}

/** Σ over rows: `[width]`. Outside of a gradient tape. */
function sumRows({ kernels, pointer, output }: KernelContext, x: tf.Tensor): tf.Tensor1D {
  const [rows, width] = x.shape as [number, number];
  const sum = output(width);
  kernels.sumRows(pointer(x), rows, width, pointer(sum));
  return adopt<tf.Rank.R1>(sum);
}
