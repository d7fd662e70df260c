import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { finiteDifference, gradientOf } from "../test/finite-difference.js";
import { vector } from "../test/packed.js";
import { klPenalty } from "./kl.js";
import { unbiasedKLPenalty } from "./unbiased-kl.js";

const ln = Math.log;

describe("unbiasedKLPenalty", () => {
  test("worked by hand", () => {
    tf.tidy(() => {
      // π = 0.5, π_old = 0.25, π_ref = 0.1: 2 · (0.2 − ln 0.2 − 1); masked
      const penalty = unbiasedKLPenalty(vector([ln(0.5), NaN]), vector([ln(0.25), 0]), vector([ln(0.1), 0]), vector([1, 0]));
      expectClose(penalty.dataSync(), [2 * (0.2 - ln(0.2) - 1), 0]);
    });
  });

  test("the ratio counts in full, up to e^20", () => {
    tf.tidy(() => {
      // π_ref = π / e: e^−1 + 1 − 1; times 1000, and times e^20 where π is e^25 times as likely as it was
      const penalty = unbiasedKLPenalty(vector([-1, -1]), vector([-1 - ln(1000), -26]), vector([-2, -2]), vector([1, 1]));
      expectClose(penalty.dataSync(), [1000 * Math.exp(-1), Math.exp(20) * Math.exp(-1)], 1e-5);
    });
  });

  test("on policy its value is that of k3", () => {
    tf.tidy(() => {
      const [x, ref, mask] = [vector([-1, -0.2]), vector([-2, -0.1]), vector([1, 1])];
      expectClose(unbiasedKLPenalty(x, x, ref, mask).dataSync(), klPenalty(x, ref, mask, { estimator: "k3" }).dataSync());
    });
  });

  test("keeps its digits where the reference is near", () => {
    tf.tidy(() => {
      const c = Math.fround(1e-4); // c²/2 + c³/6
      const [value] = unbiasedKLPenalty(vector([0]), vector([0]), vector([c]), vector([1])).dataSync();
      expect(Math.abs(value! / (c ** 2 / 2 + c ** 3 / 6) - 1)).toBeLessThan(1e-6);
    });
  });

  test("the gradient agrees with finite differences, is exactly 0 at masked tokens, and flows to the policy only", () => {
    const [logProbs, old, ref, mask] = [
      [-0.4, -1.3, -2.5, -1],
      [-0.5, -1, -2.2, NaN],
      [-0.9, -1, -1.5, NaN],
      [1, 1, 1, 0],
    ];
    const sum = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(unbiasedKLPenalty(x, vector(old!), vector(ref!), vector(mask!)));
    const gradient = gradientOf(sum, logProbs!);
    expectClose(gradient, finiteDifference(sum, logProbs!), 5e-4);
    expect(Math.abs(gradient[3]!)).toBe(0);
    const toOld = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(unbiasedKLPenalty(vector([-1]), x, vector([-2]), vector([1])));
    const toRef = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(unbiasedKLPenalty(vector([-1]), vector([-2]), x, vector([1])));
    expect([...gradientOf(toOld, [-1]), ...gradientOf(toRef, [-1])].map(Math.abs)).toEqual([0, 0]);
  });

  test("averaged over what the old policy samples, the gradient is that of the divergence; that of k3 is not", () => {
    const [logits, old, ref] = [
      [0.3, -0.5, 1],
      [0.2, 0.5, 0.3],
      [0.7, 0.2, 0.1],
    ];
    // Expectations are exact: all three tokens, weighted by π_old.
    const expected = (penalty: (x: tf.Tensor1D) => tf.Tensor1D) => (x: tf.Tensor1D) =>
      tf.sum<tf.Scalar>(tf.mul(vector(old!), penalty(tf.logSoftmax(x))));
    const ones = vector([1, 1, 1]);
    const logOld = vector(old!.map(ln));
    const logRef = vector(ref!.map(ln));
    const divergence = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(tf.mul(tf.softmax(x), tf.sub(tf.logSoftmax(x), logRef)));
    const truth = gradientOf(divergence, logits!);
    expectClose(
      gradientOf(
        expected((x) => unbiasedKLPenalty(x, logOld, logRef, ones)),
        logits!,
      ),
      truth,
      1e-5,
    );
    const biased = gradientOf(
      expected((x) => klPenalty(x, logRef, ones, { estimator: "k3" })),
      logits!,
    );
    expect(Math.max(...biased.map((g, i) => Math.abs(g - truth[i]!)))).toBeGreaterThan(0.05);
    tf.dispose([ones, logOld, logRef]);
  });
});
