import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { TEST_BACKENDS } from "../../test/backends.js";
import { useBackend } from "../backend.js";
import { attention } from "./attention.js";
import { blockwiseAttention } from "./blockwise-attention.js";
import type { HeadShape } from "./heads.js";
import { disposeLayout, packRows, type PackedLayout } from "./packed.js";

type Attention = (qkv: tf.Tensor2D, layout: PackedLayout) => tf.Tensor2D;

/** Output, and gradient of a weighted sum of it. */
async function both(attention: Attention, lengths: readonly number[], { heads, kvHeads, headDim }: HeadShape) {
  const layout = packRows(lengths);
  const width = (heads + 2 * kvHeads) * headDim;
  const results = tf.tidy(() => {
    const qkv = tf.randomNormal<tf.Rank.R2>([layout.tokens, width], 0, 1, "float32", 7);
    const weights = tf.randomNormal<tf.Rank.R2>([layout.tokens, heads * headDim], 0, 1, "float32", 8);
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(attention(x as tf.Tensor2D, layout), weights)));
    return [attention(qkv, layout), gradient(qkv)];
  });
  const values = await Promise.all(results.map((result) => result.data()));
  tf.dispose(results);
  disposeLayout(layout);
  return values.map((value) => [...value]);
}

describe.each(TEST_BACKENDS)("blockwiseAttention on %s", (backend) => {
  test.each([
    [{ heads: 1, kvHeads: 1, headDim: 4 }, [9], 9 * 4],
    [{ heads: 4, kvHeads: 2, headDim: 8 }, [1, 17, 30, 2], 4 * 30 * 7],
    [{ heads: 6, kvHeads: 2, headDim: 4, window: 5 }, [23, 4], 6 * 23 * 3],
    [{ heads: 2, kvHeads: 1, headDim: 4 }, [12], 1], // a query at a time
    [{ heads: 2, kvHeads: 1, headDim: 4 }, [12, 5], 2 ** 24], // all at once
  ] as const)("%o over rows of %o is what all at once gives, and so is its gradient", async (shape, lengths, scoresAtOnce) => {
    await useBackend(backend);
    const [expected, expectedGradient] = await both((x, layout) => attention(x, layout, shape), lengths, shape);
    const [actual, gradient] = await both((x, layout) => blockwiseAttention(x, layout, shape, { scoresAtOnce }), lengths, shape);
    const difference = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
    expect(actual!.length).toBe(expected!.length);
    expect(difference(actual!, expected!)).toBeLessThan(2e-6);
    expect(gradient!.length).toBe(expectedGradient!.length);
    expect(difference(gradient!, expectedGradient!)).toBeLessThan(1e-5);
  });
});
