import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { aggregateLoss, type AggregationMode } from "./aggregate.js";
import { clippedSurrogateLoss } from "./losses.js";

const modes: AggregationMode[] = ["token-mean", "seq-mean-token-sum", "seq-mean-token-mean", "seq-mean-token-sum-norm"];

/** Denominator N of a mode over a whole step. */
function stepNormalizer(mode: AggregationMode, mask: readonly (readonly number[])[]): number {
  const counts = mask.map((row) => row.reduce((a, b) => a + b, 0));
  switch (mode) {
    case "token-mean":
      return counts.reduce((a, b) => a + b, 0);
    case "seq-mean-token-sum":
    case "seq-mean-token-mean":
      return counts.filter((count) => count > 0).length;
    case "seq-mean-token-sum-norm":
      return mask[0]!.length;
  }
}

describe("aggregateLoss", () => {
  // loss [[1, 2, 9], [3, 9, 9], [9, 9, 9]] with 9 masked; three counted tokens in two sequences
  test.each([
    ["token-mean", 2], // (1 + 2 + 3) / 3
    ["seq-mean-token-sum", 3], // (3 + 3) / 2
    ["seq-mean-token-mean", 2.25], // (1.5 + 3) / 2
    ["seq-mean-token-sum-norm", 2], // 6 / seqLen 3
  ] as const)("%s worked by hand", (mode, expected) => {
    tf.tidy(() => {
      const loss = tf.tensor2d([
        [1, 2, 9],
        [3, 9, 9],
        [9, 9, 9],
      ]);
      const mask = tf.tensor2d([
        [1, 1, 0],
        [1, 0, 0],
        [0, 0, 0],
      ]);
      expectClose(aggregateLoss(loss, mask, { mode }).dataSync(), [expected]);
      // Packed: the same tokens without padding, with what the packing cannot show.
      const packed = aggregateLoss(tf.tensor1d([1, 2, 9, 3]), tf.tensor1d([1, 1, 0, 1]), {
        mode,
        normalizer: mode === "token-mean" ? 3 : mode === "seq-mean-token-sum-norm" ? 3 : 2,
        tokensPerSequence: tf.tensor1d([2, 2, 2, 1]),
      });
      expectClose(packed.dataSync(), [expected]);
    });
  });

  test.each(modes)("%s: one batch equals its micro-batches, in value and gradient", (mode) => {
    const [rows, seqLen] = [6, 4];
    const logProb = fc.double({ min: -3, max: 0, noNaN: true });
    const cell = fc.record({ logProb, old: logProb, advantage: fc.constantFrom(-1.5, 0.5, 2), mask: fc.constantFrom(0, 1) });
    const step = fc.array(fc.array(cell, { minLength: seqLen, maxLength: seqLen }), { minLength: rows, maxLength: rows });
    fc.assert(
      fc.property(step, fc.constantFrom(1, 2, 4), (cells, microBatchRows) => {
        const normalizer = stepNormalizer(
          mode,
          cells.map((row) => row.map(({ mask }) => mask)),
        );
        fc.pre(normalizer > 0);
        const run = (part: typeof cells, options: { normalizer?: number }) =>
          tf.tidy(() => {
            const column = (name: keyof (typeof cells)[number][number]) => tf.tensor2d(part.map((row) => row.map((token) => token[name])));
            const [old, advantages, mask] = [column("old"), column("advantage"), column("mask")];
            const loss = (x: tf.Tensor) =>
              aggregateLoss(
                clippedSurrogateLoss(x as tf.Tensor2D, old, advantages, mask, { clipLow: 0.2, clipHigh: 0.28 }).lossPerToken,
                mask,
                { mode, ...options },
              );
            const { value, grad } = tf.valueAndGrad(loss)(column("logProb"));
            return { value: value.dataSync()[0]!, gradient: [...grad.dataSync()] };
          });
        const whole = run(cells, {});
        const parts = [];
        for (let from = 0; from < rows; from += microBatchRows) parts.push(run(cells.slice(from, from + microBatchRows), { normalizer }));
        expectClose([parts.reduce((sum, part) => sum + part.value, 0)], [whole.value]);
        expectClose(
          parts.flatMap((part) => part.gradient),
          whole.gradient,
        );
      }),
      { numRuns: 30 },
    );
  });

  test("a tensor serves as normalizer", () => {
    tf.tidy(() =>
      expectClose(
        aggregateLoss(tf.tensor1d([1, 2]), tf.tensor1d([1, 1]), { mode: "token-mean", normalizer: tf.scalar(6) }).dataSync(),
        [0.5],
      ),
    );
  });

  test.each(modes)("%s: an empty mask gives loss 0 and gradient 0", (mode) => {
    tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad((x) => aggregateLoss(x as tf.Tensor2D, tf.zeros<tf.Rank.R2>([2, 3]), { mode }))(
        tf.ones([2, 3]),
      );
      expect([...value.dataSync(), ...grad.dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    });
  });

  test("masked tokens may hold anything", () => {
    tf.tidy(() => {
      const loss = tf.tensor2d([
        [1, NaN],
        [Infinity, 3],
      ]);
      const mask = tf.tensor2d([
        [1, 0],
        [0, 1],
      ]);
      for (const mode of modes) expectClose(aggregateLoss(loss, mask, { mode }).dataSync(), [2]);
      expect([
        ...tf
          .grad((x) => aggregateLoss(x as tf.Tensor2D, mask, { mode: "token-mean" }))(loss)
          .dataSync(),
      ]).toEqual([0.5, 0, 0, 0.5]);
    });
  });

  test("a mask made from the losses is a constant", () => {
    tf.tidy(() => {
      const loss = tf.tensor2d([
        [3, 1],
        [2, 4],
      ]);
      for (const mode of modes) {
        const normalizer = mode === "seq-mean-token-sum-norm" ? { normalizer: 2 } : {};
        const gradientWith = (maskOf: (x: tf.Tensor2D) => tf.Tensor2D) =>
          tf
            .grad((x) => aggregateLoss(x as tf.Tensor2D, maskOf(x as tf.Tensor2D), { mode, ...normalizer }))(loss)
            .dataSync();
        expect(gradientWith((x) => tf.onesLike(x))).toEqual(gradientWith(() => tf.ones([2, 2])));
      }
    });
  });

  test("a packed batch must say what it does not show", () => {
    tf.tidy(() => {
      const [loss, mask] = [tf.tensor1d([1, 2]), tf.tensor1d([1, 1])];
      for (const mode of ["seq-mean-token-sum", "seq-mean-token-sum-norm"] as const) {
        expect(() => aggregateLoss(loss, mask, { mode })).toThrow("normalizer: needed for this mode");
      }
      expect(() => aggregateLoss(loss, mask, { mode: "seq-mean-token-mean", normalizer: 1 })).toThrow(
        "tokensPerSequence: needed for this mode",
      );
      expect(() => aggregateLoss(loss, mask, { mode: "token-mean", normalizer: 0 })).toThrow(
        "normalizer: expected a positive number, got 0",
      );
    });
  });
});
