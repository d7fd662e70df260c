import * as tf from "@tensorflow/tfjs-core";
import { fusedOp } from "../kernels/fused-op.js";
import { fusedKernels, wrap } from "../kernels/kernel-context.js";

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
  return fusedOp([gateUp], {
    forward: ([x]) => {
      const y = output(tokens, width);
      kernels.swigluForward(pointer(x), tokens, width, pointer(y));
      return { value: wrap<tf.Rank.R2>(y), saved: [x] };
    },
    backward: (dy, [x]) => {
      const dx = output(tokens, doubleWidth);
      kernels.swigluBackward(pointer(x), pointer(dy), tokens, width, pointer(dx));
      return [wrap(dx)];
    },
  });
}
