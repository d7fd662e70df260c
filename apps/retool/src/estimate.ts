import { chooseBackend, parameterCount, readModelConfig } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import type { RecipeParts } from "./recipe.js";
import { localModelConfig } from "./hub-files.js";
import type { RecipeConfig } from "./recipe-config.js";

/** Tokens of a prompt and of a response that the estimate assumes where they are not known. */
const TYPICAL_PROMPT = 20;
const TYPICAL_RESPONSE = 30;

/**
 * What a run will need, in words: parameters, memory, work and time on this machine. Rough: it counts 6 FLOP a parameter and trained
 * token, 2 a sampled one, and assumes half the speed of a plain matrix product.
 */
export async function estimateRun(config: RecipeConfig, parts: RecipeParts): Promise<string> {
  const parameters = await countParameters(config);
  const { name: backend, reason } = await chooseBackend(config.backend, parameters);
  const row = TYPICAL_PROMPT + TYPICAL_RESPONSE;
  const sftTokens = parts.sft ? config.sft.stages.reduce((sum, { steps, batchSize }) => sum + steps * batchSize * row, 0) : 0;
  const { steps, promptsPerStep, groupSize } = config.train;
  const rollouts = parts.rl ? steps * promptsPerStep * groupSize : 0;
  const evaluations = config.eval.problems * config.eval.samples * (parts.rl ? 2 : 1);
  const flop = 6 * parameters * (sftTokens + rollouts * row) + 2 * parameters * row * (rollouts + evaluations);
  const speed = await matmulSpeed();
  const stateBytes = parameters * 4 * 4; // weights, gradient and two moments
  const activations =
    config.optimizer.maxTokensPerMicroBatch * (20 * config.model.hiddenSize + 8 * config.model.intermediateSize) * config.model.layers * 4;
  const seconds = flop / (speed / 2);
  return [
    `backend      ${backend}, ${(speed / 1e9).toFixed(0)} GFLOP/s in a matrix product (${reason})`,
    `parameters   ${parameters.toLocaleString("en-US")}`,
    `memory       about ${Math.ceil((stateBytes + activations) / 2 ** 20 + 300)} MiB`,
    `work         at most ${(flop / 1e12).toFixed(2)} TFLOP, about ${Math.ceil(seconds / 60)} min on one core`,
    "",
  ].join("\n");
}

async function countParameters({ model, tokenizer }: RecipeConfig): Promise<number> {
  if (model.from !== null) return parameterCount(await readModelConfig(await localModelConfig(model.from)));
  const { hiddenSize, intermediateSize, layers, heads, kvHeads } = model;
  return parameterCount({
    modelType: "qwen3",
    vocabSize: tokenizer.vocabSize,
    hiddenSize,
    intermediateSize,
    layers,
    heads,
    kvHeads,
    headDim: hiddenSize / heads,
    maxPositions: model.maxPositions,
    rmsNormEpsilon: 1e-6,
    ropeTheta: model.ropeTheta,
    tiedEmbeddings: model.tiedEmbeddings,
    attentionBias: false,
    queryKeyNorm: model.queryKeyNorm,
  });
}

/** FLOP a second of a product of two 384 × 384 matrices, best of a few. */
export async function matmulSpeed(): Promise<number> {
  const size = 384;
  const a = tf.ones<tf.Rank.R2>([size, size]);
  let best = Infinity;
  for (let i = 0; i < 8; i++) {
    const started = performance.now();
    const product = tf.matMul(a, a);
    await product.data();
    best = Math.min(best, performance.now() - started);
    product.dispose();
  }
  a.dispose();
  return (2 * size ** 3) / (best / 1_000);
}
