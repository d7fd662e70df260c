import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { gradientOf } from "../test/finite-difference.js";
import { packedRows, vector } from "../test/packed.js";
import { offPolicySequenceMask, sequenceImportanceWeights } from "./sequence-importance.js";

const ln = Math.log;

describe("sequenceImportanceWeights", () => {
  // Token ratios: row 0: 2 and 0.75 (and a tool's token); row 1: 3 and 4.
  const trainer = [ln(0.5), ln(0.6), NaN, ln(0.3), ln(0.8)];
  const sampler = [ln(0.25), ln(0.2), 5, ln(0.4), ln(0.2)];
  const [mask, rows] = [
    [1, 1, 0, 1, 1],
    [0, 1, 0, 0, 1],
  ];

  test("worked by hand, packed and interleaved", () => {
    tf.tidy(() => {
      const weights = (average: "product" | "geometric") =>
        sequenceImportanceWeights(vector(trainer), vector(sampler), vector(mask!), { cap: 5, average, rows: packedRows(rows!) }).dataSync();
      // 2 · 0.75 = 1.5; 3 · 4 = 12 → 5; masked
      expectClose(weights("product"), [1.5, 5, 0, 1.5, 5]);
      // √1.5; √12
      expectClose(weights("geometric"), [Math.sqrt(1.5), Math.sqrt(12), 0, Math.sqrt(1.5), Math.sqrt(12)]);
    });
  });

  test("a padded [batch, seqLen] agrees, a sequence without tokens has weight 0, and equal log-probs give 1 to the bit", () => {
    tf.tidy(() => {
      const x = tf.tensor2d([ln(0.5), ln(0.3), ln(0.6), ln(0.8), 0, 0], [3, 2]);
      const y = tf.tensor2d([ln(0.25), ln(0.4), ln(0.2), ln(0.2), -1, -1], [3, 2]);
      const m = tf.tensor2d([1, 1, 1, 1, 0, 0], [3, 2]);
      expectClose(sequenceImportanceWeights(x, y, m, { cap: 5 }).dataSync(), [1.5, 1.5, 5, 5, 0, 0]);
      expect([...sequenceImportanceWeights(x, x, m, { cap: 5 }).dataSync()]).toEqual([1, 1, 1, 1, 0, 0]);
    });
  });

  test("a token that the trainer holds impossible takes its own sequence's weight alone", () => {
    tf.tidy(() => {
      const [x, y] = [vector([ln(0.5), -Infinity, ln(0.3)]), vector([ln(0.25), ln(0.2), ln(0.4)])];
      for (const average of ["product", "geometric"] as const) {
        const options = { cap: 5, average, rows: packedRows([0, 1, 0]) };
        const weights = sequenceImportanceWeights(x, y, vector([1, 1, 1]), options).dataSync();
        const alone = sequenceImportanceWeights(x, y, vector([1, 0, 1]), options).dataSync();
        expect([...weights]).toEqual([alone[0], 0, alone[2]]);
      }
    });
  });

  test("carries no gradient", () => {
    const sum = (x: tf.Tensor1D) =>
      tf.sum<tf.Scalar>(tf.mul(x, sequenceImportanceWeights(x, vector([-1, -2]), vector([1, 1]), { cap: 9, rows: packedRows([0, 0]) })));
    // d/dx (x · w) with w = e^(0.5 − 0.25) held fixed
    expectClose(gradientOf(sum, [-0.5, -2.25]), [Math.exp(0.25), Math.exp(0.25)]);
  });
});

describe("offPolicySequenceMask", () => {
  test("worked by hand: far and negative is dropped, far and positive or near is kept", () => {
    tf.tidy(() => {
      // Mean log π_old − log π: row 0: (1 + 0.2) / 2 = 0.6; row 1: 0.6; row 2: 0.1; token 5 came from a tool.
      const logProbs = vector([-2, -1.2, -1.6, -1.1, -9, NaN]);
      const old = vector([-1, -1, -1, -1, -8.9, 0]);
      const rows = packedRows([0, 0, 1, 2, 2, 0]);
      const mask = vector([1, 1, 1, 1, 1, 0]);
      const advantages = vector([-1, -1, 2, -1, -1, -1]);
      const kept = offPolicySequenceMask(logProbs, old, advantages, mask, { threshold: 0.5, rows });
      expect([...kept.dataSync()]).toEqual([0, 0, 1, 1, 1, 0]);
      const strict = offPolicySequenceMask(logProbs, old, advantages, mask, { threshold: 0.05, rows });
      expect([...strict.dataSync()]).toEqual([0, 0, 1, 0, 0, 0]);
      // between row 2's mean of 0.1 and its sum of 0.2
      const mean = offPolicySequenceMask(logProbs, old, advantages, mask, { threshold: 0.15, rows });
      expect([...mean.dataSync()]).toEqual([0, 0, 1, 1, 1, 0]);
    });
  });

  test("a padded [batch, seqLen] agrees; drift the other way is kept", () => {
    tf.tidy(() => {
      const old = tf.tensor2d([-1, -1, -1, 7], [2, 2]);
      const logProbs = tf.tensor2d([-2, -1.2, -0.1, 7], [2, 2]);
      const advantages = tf.tensor2d([-1, -1, -1, 0], [2, 2]);
      const mask = tf.tensor2d([1, 1, 1, 0], [2, 2]);
      expect([...offPolicySequenceMask(logProbs, old, advantages, mask, { threshold: 0.5 }).dataSync()]).toEqual([0, 0, 1, 0]);
    });
  });

  test("as a factor of the loss it takes all gradient from what it drops", () => {
    const sum = (x: tf.Tensor1D) =>
      tf.sum<tf.Scalar>(
        tf.mul(
          x,
          offPolicySequenceMask(x, vector([0, -1]), vector([-1, -1]), vector([1, 1]), { threshold: 0.5, rows: packedRows([0, 1]) }),
        ),
      );
    expect(gradientOf(sum, [-2, -1])).toEqual([0, 1]);
  });
});
