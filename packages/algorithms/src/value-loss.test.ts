import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { finiteDifference, gradientOf } from "../test/finite-difference.js";
import { clippedValueLoss } from "./value-loss.js";

const run = (values: tf.Tensor1D, old: number[], returns: number[], mask: number[]) =>
  clippedValueLoss(values, tf.tensor1d(old), tf.tensor1d(returns), tf.tensor1d(mask), { clipValue: 0.5 });

describe("clippedValueLoss", () => {
  test("worked by hand", () => {
    tf.tidy(() => {
      const { lossPerToken, metrics } = run(tf.tensor1d([1, 2, 2, NaN]), [1.2, 1, 1, 0], [0, 3, 1, 0], [1, 1, 1, 0]);
      // inside the clip: ½·1²; moved +1 towards R = 3: ½ max(1², 1.5²) (clipped); moved +1 away from R = 1: ½ max(1², 0.5²)
      expectClose(lossPerToken.dataSync(), [0.5, 1.125, 0.5, 0]);
      expectClose(metrics["value/clip_frac"].dataSync(), [1 / 3]);
    });
  });

  test("the gradient agrees with finite differences, and masked tokens have none", () => {
    const values = [1, 2, 2.2, 0.3, 5];
    const loss = (x: tf.Tensor1D) =>
      tf.sum<tf.Scalar>(run(x, [1.2, 1, 1, 0.1, NaN], [0, 3, 1, 0.9, Infinity], [1, 1, 1, 1, 0]).lossPerToken);
    const gradient = gradientOf(loss, values);
    expectClose(gradient, finiteDifference(loss, values), 1e-3);
    expect(Math.abs(gradient[4]!)).toBe(0);
    expect(Math.abs(gradient[1]!)).toBe(0); // clipped: no pull further in that direction
  });

  test("a prediction that has not moved has the plain squared error", () => {
    tf.tidy(() => expectClose(run(tf.tensor1d([2, -1]), [2, -1], [0, 0], [1, 1]).lossPerToken.dataSync(), [2, 0.5]));
  });
});
