import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { finiteDifference, gradientOf } from "../test/finite-difference.js";
import { klPenalty, type KLEstimator } from "./kl.js";

const estimators: KLEstimator[] = ["k1", "abs", "k2", "k3"];
const sumOf = (estimator: KLEstimator, ref: readonly number[], mask: readonly number[]) => (x: tf.Tensor1D) =>
  tf.sum<tf.Scalar>(klPenalty(x, tf.tensor1d([...ref]), tf.tensor1d([...mask]), { estimator }));

describe("klPenalty", () => {
  test.each([
    ["k1", [0.5, -0.5]],
    ["abs", [0.5, 0.5]],
    ["k2", [0.125, 0.125]],
    ["k3", [Math.exp(-0.5) + 0.5 - 1, Math.exp(0.5) - 0.5 - 1]],
  ] as const)("%s worked by hand at d = ±0.5", (estimator, expected) => {
    tf.tidy(() => {
      const penalty = klPenalty(tf.tensor1d([-1, -2]), tf.tensor1d([-1.5, -1.5]), tf.tensor1d([1, 1]), { estimator });
      expectClose(penalty.dataSync(), expected);
    });
  });

  test.each(estimators)("%s: the gradient agrees with finite differences and flows to the policy only", (estimator) => {
    const [logProbs, ref] = [
      [-0.4, -1.3, -2.5],
      [-0.9, -1, -1.5],
    ];
    const sum = sumOf(estimator, ref, [1, 1, 1]);
    expectClose(gradientOf(sum, logProbs), finiteDifference(sum, logProbs), 5e-4);
    const toRef = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(klPenalty(tf.tensor1d(logProbs), x, tf.tensor1d([1, 1, 1]), { estimator }));
    expect(gradientOf(toRef, ref).map(Math.abs)).toEqual([0, 0, 0]);
  });

  test.each(estimators)("%s: masked tokens have penalty 0 and gradient 0", (estimator) => {
    const sum = sumOf(estimator, [-1, NaN], [1, 0]);
    expect(gradientOf(sum, [-1.5, Infinity])[1]! + 0).toBe(0);
    expect(tf.tidy(() => sum(tf.tensor1d([-1, NaN])).dataSync()[0])).toBe(0);
  });

  test.each(estimators.filter((estimator) => estimator !== "k1"))(
    "%s: where both policies agree, nothing pushes them apart",
    (estimator) => {
      expect(gradientOf(sumOf(estimator, [-1, -0.25], [1, 1]), [-1, -0.25]).map(Math.abs)).toEqual([0, 0]);
    },
  );

  test("abs: the gradient is 1 above the reference and −1 below", () => {
    expect(gradientOf(sumOf("abs", [-1, -1], [1, 1]), [-0.999, -1.001])).toEqual([1, -1]);
  });

  test.each([1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.4999, 0.5, 0.5001, 1, 2])("k3 and its gradient keep their digits at d = ±%d", (size) => {
    for (const difference of [Math.fround(size), -Math.fround(size)]) {
      const c = -difference;
      const sum = sumOf("k3", [0], [1]);
      const [value] = tf.tidy(() => sum(tf.tensor1d([difference])).dataSync());
      // Σ c^n / n! from n = 2 on, in double precision
      let [expected, term] = [0, c];
      for (let n = 2; n < 40; n++) expected += term *= c / n;
      expect(Math.abs(value! / expected - 1)).toBeLessThan(1e-6);
      expect(Math.abs(gradientOf(sum, [difference])[0]! / -Math.expm1(c) - 1)).toBeLessThan(1e-6);
    }
  });

  test("k3 is not negative and is clamped to 10", () => {
    fc.assert(
      fc.property(fc.double({ min: -40, max: 0, noNaN: true }), fc.double({ min: -40, max: 0, noNaN: true }), (logProb, ref) => {
        const [value] = tf.tidy(() => sumOf("k3", [ref], [1])(tf.tensor1d([logProb])).dataSync());
        expect(value).toBeGreaterThanOrEqual(-1e-6);
        expect(value).toBeLessThanOrEqual(10);
      }),
    );
  });
});
