import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { finiteDifference, gradientOf } from "../test/finite-difference.js";
import { vector } from "../test/packed.js";
import { cispoLoss } from "./cispo.js";

const ln = Math.log;
const options = { clipLow: 1, clipHigh: 0.28 };
const old = [ln(0.5), ln(0.2), ln(0.4), -1];
const advantages = [2, 1, -1, 3];
const mask = [1, 1, 1, 0];
const logProbs = [ln(0.25), ln(0.8), ln(0.8), -2];
const sum = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(cispoLoss(x, vector(old), vector(advantages), vector(mask), options).lossPerToken);

describe("cispoLoss", () => {
  test("worked by hand", () => {
    tf.tidy(() => {
      const { lossPerToken, metrics } = cispoLoss(vector(logProbs), vector(old), vector(advantages), vector(mask), options);
      // ratios 0.5, 4, 2: weights 0.5, 1.28, 1.28; −w A log π = −0.5 · 2 · ln 0.25, −1.28 ln 0.8, 1.28 ln 0.8
      expectClose(lossPerToken.dataSync(), [-ln(0.25), -1.28 * ln(0.8), 1.28 * ln(0.8), 0]);
      expectClose(metrics["policy/clip_frac"].dataSync(), [2 / 3]);
      expectClose(metrics["policy/approx_kl"].dataSync(), [-ln(0.5 * 4 * 2) / 3]);
    });
  });

  test("clipped tokens go on teaching: the gradient is −w A, and exactly 0 at masked tokens", () => {
    const gradient = gradientOf(sum, logProbs);
    expectClose(gradient, [-1, -1.28, 1.28, 0]);
    expect(Math.abs(gradient[3]!)).toBe(0);
  });

  test("the gradient agrees with finite differences where the weight is held by the clip", () => {
    const difference = finiteDifference(sum, logProbs);
    expectClose(gradientOf(sum, logProbs).slice(1), difference.slice(1), 1e-3);
  });

  test("masked tokens may hold anything", () => {
    const poisoned = (x: tf.Tensor1D) =>
      tf.sum<tf.Scalar>(cispoLoss(x, vector([-1, NaN]), vector([1, Infinity]), vector([1, 0]), options).lossPerToken);
    expect(gradientOf(poisoned, [-1, NaN]).map((x) => x + 0)).toEqual([-1, 0]);
  });

  test("a lower bound lifts small weights", () => {
    tf.tidy(() => {
      const bounded = cispoLoss(vector([ln(0.1)]), vector([0]), vector([1]), vector([1]), { clipLow: 0.2, clipHigh: 0.28 });
      expectClose(bounded.lossPerToken.dataSync(), [-0.8 * ln(0.1)]);
    });
  });

  test("metrics of micro-batches that share a normalizer add up to those of the step", () => {
    tf.tidy(() => {
      const part = (from: number, to: number) => {
        const [x, o, a, m] = [logProbs, old, advantages, mask].map((values) => vector(values.slice(from, to)));
        return cispoLoss(x!, o!, a!, m!, { ...options, normalizer: 3 }).metrics;
      };
      const [whole, first, second] = [part(0, 4), part(0, 1), part(1, 4)];
      for (const name of ["policy/clip_frac", "policy/approx_kl"] as const) {
        expectClose([first[name].dataSync()[0]! + second[name].dataSync()[0]!], whole[name].dataSync());
      }
    });
  });
});
