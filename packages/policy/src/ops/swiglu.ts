import * as tf from "@tensorflow/tfjs-core";
import { adopt, fusedKernels } from "../kernels/kernel-context.js";

/**
 * silu(gate)·up.
 *
 * See Shazeer, "GLU Variants Improve Transformer" (https://arxiv.org/abs/2002.05202), section 2.
 *
 * @param gateUp - `[tokens, 2·width]`, gate first
 * @returns `[tokens, width]`
 */
export function swiglu(gateUp: tf.Tensor2D): tf.Tensor2D {
  const [tokens, doubleWidth] = gateUp.shape;
  const width = doubleWidth / 2;
  const fused = fusedKernels();
  if (fused === undefined) {
    const gate = tf.slice(gateUp, [0, 0], [tokens, width]);
    const up = tf.slice(gateUp, [0, width], [tokens, width]);
    return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
  }
  const { kernels, pointer, output } = fused;
  const op = tf.customGrad((x, save) => {
    const y = output(tokens, width);
    kernels.swigluForward(pointer(x as tf.Tensor), tokens, width, pointer(y));
    (save as tf.GradSaveFunc)([x as tf.Tensor]);
    return {
      value: adopt<tf.Rank.R2>(y),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const dx = output(tokens, doubleWidth);
        kernels.swigluBackward(pointer(saved[0]!), pointer(dy), tokens, width, pointer(dx));
        return adopt(dx);
      },
    };
  });
  return op(gateUp) as tf.Tensor2D;
}
