import type { TokenLoss } from "@retool-ts/algorithms";
import type { TrainingRow } from "@retool-ts/engine";
import type { AdamWOptions } from "../src/adamw.js";
import type { ModelConfig } from "../src/config.js";
import * as tf from "@tensorflow/tfjs-core";

/** A model small enough to check number by number, with every optional part switched on. */
export const TINY: ModelConfig = {
  modelType: "qwen3",
  vocabSize: 29,
  hiddenSize: 24,
  intermediateSize: 20,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  maxPositions: 128,
  rmsNormEpsilon: 1e-6,
  ropeTheta: 100,
  tiedEmbeddings: true,
  attentionBias: true,
  queryKeyNorm: true,
};

export const ADAMW: AdamWOptions = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 };

/** Rows of the given lengths with tokens, masks and weights that differ from place to place. */
export function tinyRows(lengths: readonly number[], vocabSize = TINY.vocabSize): TrainingRow[] {
  return lengths.map((length, row) => ({
    tokenIds: Array.from({ length }, (_, i) => (i * 7 + row * 5 + ((i * i) % 11)) % vocabSize),
    lossMask: Array.from({ length }, (_, i) => (i % 5 === 3 ? 0 : 1)),
    fields: { weight: Array.from({ length }, (_, i) => Math.sin(i + row)) },
  }));
}

/** Weighted log-probabilities and entropies, so that both carry gradients. */
export const weightedLoss: TokenLoss = ({ logProbs, entropies, fields }) => ({
  loss: tf.sum(tf.add(tf.mul(logProbs, fields["weight"]!), tf.mul(entropies, 0.3))),
});

/** Largest difference, relative to the largest entry of `expected`. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let [worst, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!));
    const difference = Math.abs(actual[i]! - expected[i]!);
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }
  return worst === 0 ? 0 : worst / scale;
}
