import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  aggregateLoss,
  cispoLoss,
  clippedSurrogateLoss,
  clippedValueLoss,
  dppoLoss,
  entropyBonus,
  geometricSequenceMask,
  gspoLoss,
  klPenalty,
  maskedImportanceWeights,
  offPolicySequenceMask,
  sapoLoss,
  sequenceImportanceWeights,
  stopGradient,
  truncatedImportanceWeights,
  unbiasedKLPenalty,
  vespoLoss,
  type TokenTensor,
} from "../src/index.js";

const clip = { clipLow: 0.2, clipHigh: 0.28, dualClip: 3 };
const kernels = { positive: { power: 2, decay: 3 }, negative: { power: 3, decay: 2 } };
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
  sapoLoss: (x, mask) => sapoLoss<TokenTensor>(x, x, x, mask, { tauPositive: 1, tauNegative: 1.05 }),
  dppoTV: (x, mask) => dppoLoss<TokenTensor>(x, x, x, mask, { divergence: "tv", deltaLow: 0.2, deltaHigh: 0.2 }),
  dppoKL: (x, mask) => dppoLoss<TokenTensor>(x, x, x, mask, { divergence: "kl", deltaLow: 0.2, deltaHigh: 0.2 }),
  vespoLoss: (x, mask) => vespoLoss<TokenTensor>(x, x, x, mask, { ...kernels, rows: { rowOfToken: mask, rowCount: 2 } }),
  maskedImportanceWeights: (x, mask) => maskedImportanceWeights(x, x, mask, { over: "token", floor: 0.5, cap: 2 }),
  geometricSequenceMask: (x, mask) => geometricSequenceMask(x, x, mask, { low: 0.9, high: 1.1, rows: { rowOfToken: mask, rowCount: 2 } }),
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
