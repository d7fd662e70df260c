import * as tf from "@tensorflow/tfjs-core";
import { fusedOp } from "../kernels/fused-op.js";
import { fusedKernels, wrap, type KernelContext } from "../kernels/kernel-context.js";
import { attentionMask } from "./attention-mask.js";
import { blockwiseAttention } from "./blockwise-attention.js";
import type { HeadShape } from "./heads.js";
import type { PackedLayout } from "./packed.js";

/** Scores of a layer that are in memory at once without fused kernels, 256 MiB of them; where there are more, blocks follow one another. */
const MAX_SCORES = 2 ** 26;

/**
 * Causal grouped-query attention within each packed row: softmax(q·kᵀ / √headDim)·v.
 *
 * @param qkv - `[tokens, (heads + 2·kvHeads)·headDim]`, already rotated
 * @returns `[tokens, heads·headDim]`
 */
export function attention(qkv: tf.Tensor2D, layout: PackedLayout, shape: HeadShape): tf.Tensor2D {
  const fused = fusedKernels();
  if (fused !== undefined) return fusedAttention(fused, qkv, layout, shape);
  const scores = layout.rows * shape.heads * layout.maxLength ** 2;
  return scores > MAX_SCORES ? blockwiseAttention(qkv, layout, shape) : paddedAttention(qkv, layout, shape);
}

function fusedAttention(context: KernelContext, qkv: tf.Tensor2D, layout: PackedLayout, shape: HeadShape): tf.Tensor2D {
  const { kernels, pointer, output, zeros } = context;
  const { heads, kvHeads, headDim, window = 0 } = shape;
  const { tokens, rows, maxLength, rowOffsetsTensor } = layout;
  const scale = 1 / Math.sqrt(headDim);
  const common = () => [pointer(rowOffsetsTensor), rows, heads, kvHeads, headDim, scale, maxLength] as const;
  return fusedOp([qkv], {
    forward: ([x]) => {
      const y = output(tokens, heads * headDim);
      const logSumExp = output(tokens, heads);
      kernels.attentionForward(pointer(x), ...common(), pointer(y), pointer(logSumExp), window);
      const value = wrap<tf.Rank.R2>(y);
      return { value, saved: [x, value, wrap(logSumExp)] };
    },
    backward: (dy, [x, y, logSumExp]) => {
      const dx = zeros(...qkv.shape);
      kernels.attentionBackward(pointer(x), pointer(y), pointer(logSumExp), pointer(dy), ...common(), pointer(dx), window);
      return [wrap(dx)];
    },
  });
}

/** The same in tfjs operations: rows are padded to one length, and tokens that may not be seen get −1e9 before the softmax. */
function paddedAttention(qkv: tf.Tensor2D, layout: PackedLayout, shape: HeadShape): tf.Tensor2D {
  const { heads, kvHeads, headDim } = shape;
  const { rows, maxLength: width, rowOffsets, tokens } = layout;
  const padded = new Int32Array(rows * width); // rows are filled up with token 0, which the mask hides
  const packed = new Int32Array(tokens);
  for (let row = 0; row < rows; row++) {
    for (let i = rowOffsets[row]!; i < rowOffsets[row + 1]!; i++) {
      const place = row * width + i - rowOffsets[row]!;
      padded[place] = i;
      packed[i] = place;
    }
  }
  const split = (first: number, count: number) => {
    const part = tf.slice(qkv, [0, first * headDim], [tokens, count * headDim]);
    const filled = tf.gather(part, tf.tensor1d(padded, "int32")); // [rows·width, count·headDim]
    return tf.transpose(tf.reshape(filled, [rows, width, count, headDim]), [0, 2, 1, 3]); // [rows, count, width, headDim]
  };
  const grouped = (x: tf.Tensor) => tf.reshape(x, [rows, kvHeads, (heads / kvHeads) * width, -1]); // the heads that share one key head
  const queries = tf.mul(split(0, heads), 1 / Math.sqrt(headDim));
  const scores = tf.matMul(grouped(queries), split(heads, kvHeads), false, true); // [rows, kvHeads, group·width, width]
  const hidden = attentionMask(width, 0, shape);
  const probabilities = tf.softmax(tf.add(tf.reshape(scores, [rows, heads, width, width]), hidden));
  const values = tf.matMul(grouped(probabilities), split(heads + kvHeads, kvHeads)); // [rows, kvHeads, group·width, headDim]
  const mixed = tf.transpose(tf.reshape(values, [rows, heads, width, headDim]), [0, 2, 1, 3]); // [rows, width, heads, headDim]
  return tf.gather(tf.reshape(mixed, [rows * width, heads * headDim]), tf.tensor1d(packed, "int32"));
}
