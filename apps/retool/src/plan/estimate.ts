import { chooseBackend, memoryNeed, parameterCount, type MemoryNeed } from "@retool-ts/policy";
import * as tf from "@tensorflow/tfjs-core";
import type { RecipeParts } from "../config/recipe-parts.js";
import { memoryUse, trainedModel } from "./memory-plan.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/** Tokens of a prompt and of a response that the estimate assumes where they are not known. */
const TYPICAL_PROMPT = 20;
const TYPICAL_RESPONSE = 30;

/**
 * What a run will need, in words: parameters, memory, work and time on this machine. Rough: it counts 6 FLOP a parameter and trained
 * token, 2 a sampled one, and assumes half the speed of a plain matrix product.
 */
export async function estimateRun(config: RecipeConfig, parts: RecipeParts): Promise<string> {
  const model = await trainedModel(config);
  const parameters = parameterCount(model.shape);
  const { name: backend, reason } = await chooseBackend(config.backend, parameters);
  const row = TYPICAL_PROMPT + TYPICAL_RESPONSE;
  const sftTokens = parts.sft ? config.sft.stages.reduce((sum, { steps, batchSize }) => sum + steps * batchSize * row, 0) : 0;
  const { steps, promptsPerStep, groupSize } = config.train;
  const rollouts = parts.rl ? steps * promptsPerStep * groupSize : 0;
  const evaluations = config.eval.problems * config.eval.samples * (parts.rl ? 2 : 1);
  const flop = 6 * parameters * (sftTokens + rollouts * row) + 2 * parameters * row * (rollouts + evaluations);
  const speed = await matmulSpeed();
  const use = memoryUse(model, config, parts);
  const need = memoryNeed(model.shape, { ...use, trainedTokens: Math.max(use.trainedTokens, config.optimizer.maxTokensPerMicroBatch) });
  const seconds = flop / (speed / 2);
  return [
    `backend      ${backend}, ${(speed / 1e9).toFixed(0)} GFLOP/s in a matrix product (${reason})`,
    `parameters   ${parameters.toLocaleString("en-US")}`,
    `memory       about ${describeNeed(need)}`,
    `work         at most ${(flop / 1e12).toFixed(2)} TFLOP, about ${Math.ceil(seconds / 60)} min on one core`,
    "",
  ].join("\n");
}

/** The parts in MiB, with 300 for the program. */
function describeNeed(need: MemoryNeed): string {
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20).toLocaleString("en-US")} MiB`;
  const { weights, gradients, moments, critic, reference, keysAndValues, activations, total } = need;
  const others = critic + reference === 0 ? "" : `, critic and reference ${mebibytes(critic + reference)}`;
  const state = `weights ${mebibytes(weights)}, gradients ${mebibytes(gradients)}, moments ${mebibytes(moments)}${others}`;
  return `${mebibytes(total + 300 * 2 ** 20)}: ${state}, activations ${mebibytes(activations)} or keys and values ${mebibytes(keysAndValues)}, program 300 MiB`;
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
