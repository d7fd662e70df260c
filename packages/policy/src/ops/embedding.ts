import * as tf from "@tensorflow/tfjs-core";
import { adopt, fusedKernels } from "../kernels/kernel-context.js";

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
  const op = tf.customGrad((x, save) => {
    const y = output(count, width);
    kernels.gatherRows(pointer(x as tf.Tensor), pointer(ids), count, width, pointer(y));
    (save as tf.GradSaveFunc)([ids]);
    return {
      value: adopt<tf.Rank.R2>(y),
      gradFunc: (dy: tf.Tensor, [savedIds]: tf.Tensor[]) => {
        const dx = zeros(rows, width);
        kernels.scatterAddRows(pointer(dy), pointer(savedIds!), count, width, pointer(dx));
        return adopt(dx);
      },
    };
  });
  return op(table) as tf.Tensor2D;
}
