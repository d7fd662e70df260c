// Processor milliseconds a token of decoding with a model from a file, one sequence and 16 at once, over the built package.
// Usage: node bench/decode.mjs <backend> <float32|int8> <model file or folder> [repetitions]. Prints one JSON line: medians, after one
// repetition that warms up. A prompt's time is not in it.
import { LocalEngine } from "../dist/index.js";
import { loadModel, useBackend } from "../dist/node.js";

const [wanted, samplerWeights, path, repetitions = "2"] = process.argv.slice(2);
const [PROMPT, TOKENS] = [32, 64];
const backend = await useBackend(wanted, { threads: 1 });
const parameters = await loadModel(path);
const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
const engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 512, samplerWeights });
const { vocabSize } = parameters.config;
const figures = { backend, weights: samplerWeights };
for (const batch of [1, 16]) {
  const sampler = await engine.sampler({ maxSequences: batch, maxLength: PROMPT + TOKENS + 1, vocabSize });
  const times = [];
  for (let i = 0; i <= Number(repetitions); i++) {
    const ids = Array.from({ length: batch }, (_, row) => sampler.open(Array.from({ length: PROMPT }, (_, j) => 100 + row * 37 + j * 11)));
    await sampler.prefill(ids);
    const start = process.cpuUsage();
    const request = { temperature: 0, topP: 1, topK: 0, maxTokens: TOKENS, uniform: () => 0 };
    await Promise.all(ids.map((id) => sampler.decode(id, request)));
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1e3 / TOKENS);
    for (const id of ids) sampler.close(id);
  }
  figures[`batch_${batch}`] = Number(
    times
      .slice(1)
      .sort((a, b) => a - b)
      [Math.floor(times.length / 2) - 1].toPrecision(3),
  );
  sampler.dispose();
}
console.log(JSON.stringify({ ...figures, peak_mib: Math.round(process.resourceUsage().maxRSS / 1024) }));
engine.dispose();
parameters.dispose();
