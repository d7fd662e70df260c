import { philox4x32 } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { fusedKernels, wrap } from "../kernels/kernel-context.js";
import type { PackedLayout } from "./packed.js";

/**
 * The entries that dropout zeroes: a pure function of the key, the row's number, the token's place in its row and the feature, so that a
 * row loses the same entries in whatever micro-batch it is, and in a second pass over the same layer.
 */
export interface DropoutMask {
  /** Share of entries that become 0; the others are divided by 1 − rate. */
  readonly rate: number;
  readonly key: readonly [number, number];
  /** Number of the layout's first row within the optimizer step. */
  readonly firstRow: number;
}

/**
 * x with some entries zeroed and the others scaled, outside of a gradient tape; the gradient of dropout is dropout of the gradient.
 *
 * See Srivastava et al., "Dropout" (JMLR 15, 2014); the random numbers are Philox4x32 words.
 *
 * @param x - `[tokens, width]`, packed as `layout` says
 */
export function dropout(x: tf.Tensor2D, layout: PackedLayout, mask: DropoutMask): tf.Tensor2D {
  const fused = fusedKernels();
  if (fused === undefined) return tf.tidy(() => tf.mul<tf.Tensor2D>(x, maskTensor(layout, x.shape[1], mask)));
  const { kernels, pointer, output } = fused;
  const result = output(...x.shape);
  const { rate, key, firstRow } = mask;
  kernels.dropout(
    pointer(x),
    pointer(layout.rowOffsetsTensor),
    layout.rows,
    firstRow,
    x.shape[1],
    key[0],
    key[1],
    threshold(rate),
    1 / (1 - rate),
    pointer(result),
  );
  return wrap(result);
}

/** The factors 0 and 1/(1 − rate), `[tokens, width]`. */
export function maskTensor({ rows, rowOffsets, tokens }: PackedLayout, width: number, { rate, key, firstRow }: DropoutMask): tf.Tensor2D {
  const [limit, scale] = [threshold(rate), 1 / (1 - rate)];
  const factors = new Float32Array(tokens * width);
  for (let row = 0; row < rows; row++) {
    for (let token = rowOffsets[row]!; token < rowOffsets[row + 1]!; token++) {
      for (let i = 0; i < width; i += 4) {
        const words = philox4x32([i / 4, token - rowOffsets[row]!, firstRow + row, 0], key);
        for (let lane = 0; lane < Math.min(4, width - i); lane++) factors[token * width + i + lane] = words[lane]! < limit ? 0 : scale;
      }
    }
  }
  return tf.tensor2d(factors, [tokens, width]);
}

/** Words below it zero their entry. */
function threshold(rate: number): number {
  return Math.floor(rate * 2 ** 32);
}
