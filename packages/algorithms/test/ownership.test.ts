import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  aggregateLoss,
  cispoLoss,
  clippedSurrogateLoss,
  clippedValueLoss,
  entropyBonus,
  gspoLoss,
  klPenalty,
  offPolicySequenceMask,
  sequenceImportanceWeights,
  stopGradient,
  truncatedImportanceWeights,
  unbiasedKLPenalty,
  type TokenTensor,
} from "../src/index.js";

const clip = { clipLow: 0.2, clipHigh: 0.28, dualClip: 3 };
const bounds = { clipLow: 0.2, clipHigh: 0.28 };

// Outside of any tidy, a function may leave behind what it returns and nothing else.
const calls: Record<string, (x: tf.Tensor1D, mask: tf.Tensor1D) => tf.TensorContainer> = {
  clippedSurrogateLoss: (x, mask) => clippedSurrogateLoss<TokenTensor>(x, x, x, mask, clip),
  clippedValueLoss: (x, mask) => clippedValueLoss<TokenTensor>(x, x, x, mask, { clipValue: 0.5 }),
  aggregateLoss: (x, mask) => aggregateLoss(x, mask, { mode: "token-mean" }),
  klK1: (x, mask) => klPenalty(x, x, mask, { estimator: "k1" }),
  klAbs: (x, mask) => klPenalty(x, x, mask, { estimator: "abs" }),
  klK2: (x, mask) => klPenalty(x, x, mask, { estimator: "k2" }),
  klK3: (x, mask) => klPenalty(x, x, mask, { estimator: "k3" }),
  truncatedImportanceWeights: (x, mask) => truncatedImportanceWeights(x, x, mask, { cap: 2 }),
  cispoLoss: (x, mask) => cispoLoss<TokenTensor>(x, x, x, mask, bounds),
  gspoLoss: (x, mask) => gspoLoss<TokenTensor>(x, x, x, mask, { ...bounds, rows: { rowOfToken: mask, rowCount: 2 } }),
  sequenceImportanceWeights: (x, mask) => sequenceImportanceWeights(x, x, mask, { cap: 2, rows: { rowOfToken: mask, rowCount: 2 } }),
  offPolicySequenceMask: (x, mask) => offPolicySequenceMask(x, x, x, mask, { threshold: 0.1, rows: { rowOfToken: mask, rowCount: 2 } }),
  entropyBonus: (x, mask) => entropyBonus(x, mask, { entropyCoef: 0.1 }),
  unbiasedKLPenalty: (x, mask) => unbiasedKLPenalty(x, x, x, mask),
  stopGradient: (x) => stopGradient(x),
};

test.each(Object.entries(calls))("%s borrows its inputs and leaves only its result", (_, call) => {
  const [x, mask] = [tf.tensor1d([-1, -2, -3]), tf.tensor1d([1, 0, 1])];
  const before = tf.memory().numTensors;
  const result = call(x, mask);
  tf.dispose(result);
  expect(tf.memory().numTensors).toBe(before);
  expect(x.dataSync()).toEqual(Float32Array.of(-1, -2, -3));
  tf.dispose([x, mask]);
});
