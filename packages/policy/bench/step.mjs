// CPU seconds of one GRPO step on a small Qwen2 model, over the built package: 8 prompts x 8 completions, 32 prompt tokens, exactly
// 128 new tokens each, one optimizer step with a clipped surrogate loss. Each prompt is prefilled once for its group.
// Usage: node bench/step.mjs [steps] [backend]. Prints one JSON line; the first step warms up and does not count.
import * as tf from "@tensorflow/tfjs-core";
import { LocalEngine, Parameters } from "../dist/index.js";
import { useBackend } from "../dist/node.js";
import { SHAPES } from "./shapes.mjs";

const steps = Number(process.argv[2] ?? 6);
const [prompts, groupSize, promptTokens, newTokens] = [8, 8, 32, 128];
const backend = await useBackend(process.argv[3] ?? "auto", { threads: 1 });
const parameters = Parameters.initialize(SHAPES.tiny.config, { seed: 1, embeddingStd: 0.02 });
const engine = new LocalEngine(parameters, {
  optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
  maxTokensPerMicroBatch: Number(process.env.MICRO_BATCH_TOKENS ?? 2560),
});
const sampler = await engine.sampler({ maxSequences: prompts * groupSize, maxLength: promptTokens + newTokens + 1, vocabSize: 510 });

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const [sampling, training] = [[], []];
for (let step = 0; step <= steps; step++) {
  const start = cpuSeconds();
  const rollouts = await sample(step);
  const sampled = cpuSeconds();
  await train(rollouts);
  if (step === 0) continue;
  sampling.push(sampled - start);
  training.push(cpuSeconds() - sampled);
}
const round = (value) => Number(value.toFixed(4));
console.log(
  JSON.stringify({
    ours: backend,
    steps,
    cpu_s_per_step: round(median(sampling.map((seconds, i) => seconds + training[i]))),
    sample_cpu_s: round(median(sampling)),
    train_cpu_s: round(median(training)),
  }),
);
sampler.dispose();
engine.dispose();
parameters.dispose();

/** Rollouts of one step: prompt and completion ids with the sampler's log-probabilities. */
async function sample(step) {
  const firsts = [];
  for (let p = 0; p < prompts; p++) firsts.push(sampler.open(Array.from({ length: promptTokens }, (_, j) => (p * 37 + j * 11) % 510)));
  await sampler.prefill(firsts);
  const groups = firsts.map((first) => [first, ...Array.from({ length: groupSize - 1 }, () => sampler.fork(first))]);
  const results = await Promise.all(
    groups.flat().map(async (id, i) => {
      const uniform = (position) => random(step * 1e6 + i * 1000 + position);
      const { tokenIds, logProbs } = await sampler.decode(id, { temperature: 1, topP: 1, topK: 0, maxTokens: newTokens, uniform });
      sampler.close(id);
      return { prompt: Math.floor(i / groupSize), tokenIds, logProbs };
    }),
  );
  return results;
}

async function train(rollouts) {
  const rewards = rollouts.map(({ tokenIds }) => tokenIds.filter((id) => id % 2 === 1).length / 100);
  const rows = rollouts.map(({ prompt, tokenIds, logProbs }, i) => {
    const group = rewards.slice(prompt * groupSize, (prompt + 1) * groupSize);
    const mean = group.reduce((sum, reward) => sum + reward, 0) / groupSize;
    const std = Math.sqrt(group.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / groupSize);
    const advantage = (rewards[i] - mean) / (std + 1e-4);
    const before = Array.from({ length: promptTokens }, () => 0);
    return {
      tokenIds: [...Array.from({ length: promptTokens }, (_, j) => (prompt * 37 + j * 11) % 510), ...tokenIds],
      lossMask: [...before, ...tokenIds.map(() => 1)],
      fields: { oldLogProbs: [...before, ...logProbs], advantages: [...before, ...tokenIds.map(() => advantage)] },
    };
  });
  const normalizer = rows.length * newTokens;
  await engine.forwardBackward(rows, ({ logProbs, fields }) => {
    const ratio = tf.exp(tf.sub(logProbs, fields.oldLogProbs));
    const objective = tf.minimum(tf.mul(ratio, fields.advantages), tf.mul(tf.clipByValue(ratio, 0.8, 1.2), fields.advantages));
    return { loss: tf.mul(tf.sum(objective), -1 / normalizer) };
  });
  await engine.optimStep({ learningRate: 1e-4 });
}

/** A number in [0, 1) from an integer (splitmix32). */
function random(n) {
  let z = (n * 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
}
