// Tokens a second of prefill, decode and training, and peak memory, over the built package, on one backend and one model's shape with
// random weights. Usage: node bench/policy.mjs <backend|auto> <tiny|smollm2> [repetitions]. Prints one JSON line.
// Each figure is the median over the repetitions, after one that warms up and does not count; `_cpu` is per second of processor time.
import * as tf from "@tensorflow/tfjs-core";
import { LocalEngine, Parameters } from "../dist/index.js";
import { useBackend } from "../dist/node.js";
import { SHAPES } from "./shapes.mjs";

const [wanted, name, count = "1"] = process.argv.slice(2);
const { config, work } = SHAPES[name];
const backend = await useBackend(wanted);
const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.02 });
const engine = new LocalEngine(parameters, {
  optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
  maxTokensPerMicroBatch: work.trainRows * work.trainLength,
  gradientCheckpointing: backend === "wasm" && name !== "tiny", // else repeated steps do not fit into its 4 GiB
});
const prompt = (row, length) => Array.from({ length }, (_, j) => (row * 37 + j * 11) % config.vocabSize);
const figures = {};

await withSampler(work.prefillRows, work.prefillLength + 1, (sampler) =>
  measure("prefill", work.prefillRows * work.prefillLength, async (timed) => {
    const ids = Array.from({ length: work.prefillRows }, (_, row) => sampler.open(prompt(row, work.prefillLength + 1)));
    await timed(() => sampler.prefill(ids));
    for (const id of ids) sampler.close(id);
  }),
);
for (const batch of [1, 16, 64]) {
  await withSampler(batch, work.promptLength + work.newTokens + 1, (sampler) =>
    measure(`decode_${batch}`, batch * work.newTokens, async (timed) => {
      const ids = Array.from({ length: batch }, (_, row) => sampler.open(prompt(row, work.promptLength)));
      await sampler.prefill(ids);
      const request = { temperature: 1, topP: 1, topK: 0, maxTokens: work.newTokens, uniform: (position) => (position * 0.618034) % 1 };
      await timed(() => Promise.all(ids.map((id) => sampler.decode(id, request))));
      for (const id of ids) sampler.close(id);
    }),
  );
}
const rows = Array.from({ length: work.trainRows }, (_, row) => {
  const tokenIds = prompt(row, work.trainLength);
  return { tokenIds, lossMask: tokenIds.map((_, i) => (i === 0 ? 0 : 1)) };
});
const targets = work.trainRows * (work.trainLength - 1);
await measure("train", work.trainRows * work.trainLength, (timed) =>
  timed(async () => {
    await engine.forwardBackward(rows, ({ logProbs }) => ({ loss: tf.mul(tf.sum(logProbs), -1 / targets) }));
    await engine.optimStep({ learningRate: 1e-4 });
  }),
);
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ backend, shape: name, ...figures, peak_mib: peakMiB }));
engine.dispose();
parameters.dispose();

async function withSampler(maxSequences, maxLength, use) {
  const sampler = await engine.sampler({ maxSequences, maxLength, vocabSize: config.vocabSize });
  await use(sampler);
  sampler.dispose();
}

/** Runs once to warm up, then the repetitions; notes tokens a second of what `timed` was given. */
async function measure(label, tokens, run) {
  const [walls, cpus] = [[], []];
  for (let repetition = 0; repetition <= Number(count); repetition++) {
    await run(async (work) => {
      const [wall, cpu] = [performance.now(), process.cpuUsage()];
      await work();
      const used = process.cpuUsage(cpu);
      if (repetition === 0) return;
      walls.push((performance.now() - wall) / 1000);
      cpus.push((used.user + used.system) / 1e6);
    });
  }
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  figures[label] = round(tokens / median(walls));
  figures[`${label}_cpu`] = round(tokens / median(cpus));
  console.error(`${name} on ${backend}: ${label} ${figures[label]} tokens/s, ${figures[`${label}_cpu`]} a CPU second`);
}

function round(value) {
  return Number(value.toPrecision(3));
}
