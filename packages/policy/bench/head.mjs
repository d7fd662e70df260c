// CPU seconds of a training step of four layers of SmolLM2's shape, whose head has 49,152 rows: median of five, after one that warms up.
// Usage: node bench/head.mjs <backend|auto> [folder of a built package, default ../dist]; name another build's to compare the two.
// Prints one JSON line; `grad_norm` is equal for builds that compute the same bits.
import { resolve } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { SHAPES } from "./shapes.mjs";

const [wanted = "auto", folder = `${import.meta.dirname}/../dist`] = process.argv.slice(2);
const { LocalEngine, Parameters } = await import(resolve(folder, "index.js"));
const { useBackend } = await import(resolve(folder, "node.js"));
const backend = await useBackend(wanted);
const config = { ...SHAPES.smollm2.config, layers: 4 };
const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.02 });
const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
const engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 2048 });
const rows = Array.from({ length: 8 }, (_, row) => {
  const tokenIds = Array.from({ length: 128 }, (__, j) => (row * 37 + j * 11) % config.vocabSize);
  return { tokenIds, lossMask: tokenIds.map((___, i) => (i === 0 ? 0 : 1)) };
});

const seconds = [];
let gradNorm;
for (let step = 0; step <= 5; step++) {
  const before = process.cpuUsage();
  await engine.forwardBackward(rows, ({ logProbs }) => ({ loss: tf.mul(tf.sum(logProbs), -1e-3) }));
  ({ gradNorm } = await engine.optimStep({ learningRate: 1e-4 }));
  const { user, system } = process.cpuUsage(before);
  if (step > 0) seconds.push((user + system) / 1e6);
}
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ backend, train_cpu_s: seconds.sort((a, b) => a - b)[2], grad_norm: gradNorm, peak_mib: peakMiB }));
engine.dispose();
parameters.dispose();
