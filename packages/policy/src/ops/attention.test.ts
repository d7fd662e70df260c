import * as tf from "@tensorflow/tfjs-core";
import { describe, test } from "vitest";
import { check, input } from "../../test/op-check.js";
import * as reference from "../../test/reference-ops.js";
import { useBackend } from "../backend.js";
import { attention } from "./attention.js";
import { disposeLayout, packRows } from "./packed.js";

/** Packed rows of these lengths on the current backend, kept until `free`. */
function layoutsOf(lengths: readonly number[]) {
  const layouts = new Map<string, ReturnType<typeof packRows>>();
  return {
    current() {
      const layout = layouts.get(tf.getBackend()) ?? packRows(lengths);
      layouts.set(tf.getBackend(), layout);
      tf.keep(layout.positions);
      tf.keep(layout.rowOffsetsTensor);
      return layout;
    },
    free: () => layouts.forEach(disposeLayout),
  };
}

describe("fused kernels, portable operations and double-precision references agree", () => {
  test.each([
    [1, 1, 4, 0],
    [4, 2, 4, 0],
    [4, 1, 2, 0],
    [3, 3, 6, 0],
    [2, 2, 8, 0],
    [4, 2, 4, 1],
    [2, 1, 4, 2],
    [2, 2, 8, 3],
  ])("attention, %i heads, %i key heads of size %i, window %i", async (heads, kvHeads, headDim, window) => {
    const shape = { heads, kvHeads, headDim, window };
    const lengths = [3, 1, 5];
    await useBackend("cpu");
    const layouts = layoutsOf(lengths);
    await check(
      (qkv) => attention(qkv as tf.Tensor2D, layouts.current(), shape),
      [input(9, (heads + 2 * kvHeads) * headDim)],
      9 * heads * headDim,
      (qkv) => reference.attention(qkv, lengths, shape),
    );
    layouts.free();
  });

  const short = [1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 32, 33];
  const long = [70, 1, 64, 33];
  test.each([
    [4, 0, short],
    [8, 0, short],
    [16, 0, long],
    [32, 0, long],
    [4, 6, short],
    [8, 5, [32]], // as long as a block of queries, without padding behind it
    [8, 34, [64, 40]],
    [16, 3, long],
    [8, 0, [130, 1, 270]],
    [8, 140, [150, 129]],
  ])("attention, head size %i, window %i, over rows of %o tokens", async (headDim, window, lengths) => {
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    const layouts = layoutsOf(lengths);
    await check(
      (qkv) => attention(qkv as tf.Tensor2D, layouts.current(), { heads: 2, kvHeads: 1, headDim, window }),
      [input(tokens, 4 * headDim)],
      tokens * 2 * headDim,
      undefined,
      2e-5,
    );
    layouts.free();
  });
});
