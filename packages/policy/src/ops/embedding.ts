import * as tf from "@tensorflow/tfjs-core";
import { fusedOp } from "../kernels/fused-op.js";
import { fusedKernels, wrap } from "../kernels/kernel-context.js";

/**
 * Rows of a table.
 *
 * @param table - `[rows, width]`
 * @param ids - `[count]`, int32; each must be a row of the table
 * @returns `[count, width]`
 */
export function gatherRows(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D {
  const fused = fusedKernels();
  if (fused === undefined) return tf.gather(table, ids);
  const { kernels, pointer, output, zeros } = fused;
  const [rows, width] = table.shape;
  const count = ids.shape[0];
  return fusedOp([table], {
    forward: ([x]) => {
      const y = output(count, width);
      kernels.gatherRows(pointer(x), pointer(ids), count, width, pointer(y));
      return { value: wrap<tf.Rank.R2>(y), saved: [ids] };
    },
    backward: (dy, [savedIds]) => {
      const dx = zeros(rows, width);
      kernels.scatterAddRows(pointer(dy), pointer(savedIds), count, width, pointer(dx));
      return [wrap(dx)];
    },
  });
}
