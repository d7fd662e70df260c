import * as tf from "@tensorflow/tfjs-core";
import { fusedOp } from "../kernels/fused-op.js";
import { fusedKernels, wrap, type KernelContext } from "../kernels/kernel-context.js";

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
  return fusedOp([x, b], {
    forward: ([input, bias]) => ({ value: tf.add<tf.Tensor2D>(input, bias), saved: [] }),
    backward: (dy) => [dy.clone(), sumRows(fused, dy)],
  });
}

/** Σ over rows: `[width]`. Outside of a gradient tape. */
function sumRows({ kernels, pointer, output }: KernelContext, x: tf.Tensor): tf.Tensor1D {
  const [rows, width] = x.shape as [number, number];
  const sum = output(width);
  kernels.sumRows(pointer(x), rows, width, pointer(sum));
  return wrap<tf.Rank.R1>(sum);
}
