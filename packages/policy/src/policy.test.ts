import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, test } from "vitest";
import { useBackend, type BackendName } from "./backend.js";
import type { ModelConfig } from "./config.js";
import { LocalEngine } from "./local-engine.js";
import { Parameters } from "./parameters.js";
import type { TrainingRow } from "./training-batch.js";

const config: ModelConfig = {
  modelType: "qwen3",
  vocabSize: 29,
  hiddenSize: 24,
  intermediateSize: 20,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  maxPositions: 64,
  rmsNormEpsilon: 1e-6,
  ropeTheta: 100,
  tiedEmbeddings: true,
  attentionBias: true,
  queryKeyNorm: true,
};

function rows(lengths: readonly number[]): TrainingRow[] {
  return lengths.map((length, r) => ({
    tokenIds: Array.from({ length }, (_, i) => (i * 7 + r * 5 + ((i * i) % 11)) % 29),
    lossMask: Array.from({ length }, (_, i) => (i % 5 === 3 ? 0 : 1)),
    fields: { weight: Array.from({ length }, (_, i) => Math.sin(i + r)) },
  }));
}

async function lossAndGradients(backend: BackendName, batch: readonly TrainingRow[]) {
  await useBackend(backend);
  const parameters = Parameters.initialize(config, { seed: 3, embeddingStd: 0.5 });
  const engine = new LocalEngine(parameters, {
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 },
    maxTokensPerMicroBatch: 10_000,
  });
  const loss = tf.variableGrads;
  void loss;
  const result = await engine.forwardBackward(batch, {
    temperature: 0.8,
    loss: ({ logProbs, entropies, fields }) => ({ loss: tf.sum(tf.add(tf.mul(logProbs, fields["weight"]!), tf.mul(entropies, 0.3))) }),
  });
  const gradients = new Map<string, number[]>();
  const update = engine.optimizer.update.bind(engine.optimizer);
  engine.optimizer.update = async (all, rate) => {
    for (const [name, tensor] of all) gradients.set(name, [...tensor.dataSync()]);
    return update(all, rate);
  };
  const { gradNorm } = await engine.optimStep({ learningRate: 0.01 });
  const updated = new Map(parameters.specs.map(({ name }) => [name, [...parameters.get(name).dataSync()]]));
  engine.dispose();
  parameters.dispose();
  return { loss: result.loss, gradients, updated, gradNorm };
}

function maxDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i]!)), 0);
}

describe("x", () => {
  test("fused and portable agree", async () => {
    const batch = rows([9, 41, 1, 3, 17]);
    const fused = await lossAndGradients("wasm", batch);
    const portable = await lossAndGradients("cpu", batch);
    console.log(fused.loss, portable.loss, fused.gradNorm, portable.gradNorm);
    for (const [name, gradient] of portable.gradients) {
      const scale = Math.max(...gradient.map(Math.abs));
      console.log(
        name,
        scale,
        maxDifference(gradient, fused.gradients.get(name)!) / scale,
        maxDifference(portable.updated.get(name)!, fused.updated.get(name)!),
      );
    }
  });
});
