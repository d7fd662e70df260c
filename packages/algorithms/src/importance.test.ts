import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { gradientOf } from "../test/finite-difference.js";
import { truncatedImportanceWeights } from "./importance.js";

describe("truncatedImportanceWeights", () => {
  test("worked by hand: ratio below the cap, above it, far above it, masked", () => {
    tf.tidy(() => {
      const trainer = tf.tensor1d([Math.log(0.5), Math.log(0.9), 0, NaN]);
      const sampler = tf.tensor1d([Math.log(0.25), Math.log(0.1), -1e6, NaN]);
      expectClose(truncatedImportanceWeights(trainer, sampler, tf.tensor1d([1, 1, 1, 0]), { cap: 5 }).dataSync(), [2, 5, 5, 0]);
    });
  });

  test("carries no gradient", () => {
    const sum = (x: tf.Tensor1D) =>
      tf.sum<tf.Scalar>(tf.mul(x, truncatedImportanceWeights(x, tf.tensor1d([-1, -2]), tf.tensor1d([1, 1]), { cap: 2 })));
    // d/dx (x · w) with w held fixed is w = [min(e^0.5, 2), min(e^−0.5, 2)]
    expectClose(gradientOf(sum, [-0.5, -2.5]), [Math.exp(0.5), Math.exp(-0.5)]);
  });

  test("equal log-probs give weight 1 to the bit", () => {
    tf.tidy(() => {
      const x = tf.tensor1d([-0.123, -7.7]);
      expect([...truncatedImportanceWeights(x, x, tf.tensor1d([1, 1]), { cap: 2 }).dataSync()]).toEqual([1, 1]);
    });
  });
});
