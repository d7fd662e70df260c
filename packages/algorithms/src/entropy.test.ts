import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { expectClose } from "../test/close.js";
import { finiteDifference, gradientOf } from "../test/finite-difference.js";
import { vector } from "../test/packed.js";
import { entropyBonus } from "./entropy.js";

const sum = (x: tf.Tensor1D) => tf.sum<tf.Scalar>(entropyBonus(x, vector([1, 1, 0]), { entropyCoef: 0.01 }));

test("worked by hand: more entropy, less loss; nothing at masked tokens", () => {
  // −0.01 · 2 and −0.01 · 0.5
  tf.tidy(() => expectClose(entropyBonus(vector([2, 0.5, NaN]), vector([1, 1, 0]), { entropyCoef: 0.01 }).dataSync(), [-0.02, -0.005, 0]));
});

test("the gradient is −β, agrees with finite differences, and is exactly 0 at masked tokens", () => {
  const gradient = gradientOf(sum, [2, 0.5, 1]);
  expectClose(gradient, [-0.01, -0.01, 0]);
  expectClose(gradient, finiteDifference(sum, [2, 0.5, 1]), 1e-4);
  expect(Math.abs(gradientOf(sum, [2, 0.5, NaN])[2]!)).toBe(0);
});
