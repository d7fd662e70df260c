// What threads give on wasm: milliseconds of one update of the quickstart's model and of sampling 128 sequences, with 1, 2, … threads, in turns.
// `main` is the processor time of the thread that waits for all others, which is the wall time of a machine that has nothing else to do;
// `cpu` that of all threads together. Linux alone. Usage: node bench/threads.mjs [most] [rounds]. Prints one JSON line.
import { readFileSync } from "node:fs";
import { LocalEngine, Parameters } from "../dist/index.js";
import { usableThreads, useBackend } from "../dist/node.js";

const [most = usableThreads(), rounds = 7] = process.argv.slice(2).map(Number);
const [VOCAB, LENGTH] = [300, 80];
const shape = { hiddenSize: 64, intermediateSize: 168, layers: 3, heads: 8, kvHeads: 8, headDim: 8, vocabSize: VOCAB, maxPositions: 2048 };
const config = {
  ...shape,
  modelType: "qwen3",
  rmsNormEpsilon: 1e-6,
  ropeTheta: 100,
  tiedEmbeddings: false,
  attentionBias: false,
  queryKeyNorm: true,
};
const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 };
const rows = Array.from({ length: 32 }, (_, row) => {
  const tokenIds = Array.from({ length: LENGTH }, (_, i) => (i * 7 + row * 13) % VOCAB);
  return { tokenIds, lossMask: tokenIds.map(() => 1) };
});

await useBackend("wasm");
const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.1 });
const engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 8192 });
const figures = {};
for (let round = -1; round < rounds; round++) {
  for (let threads = 1; threads <= most; threads++) {
    await useBackend("wasm", { threads });
    await new Promise((resolve) => setTimeout(resolve, 100)); // the others start
    await note("train", threads, round, async () => {
      await engine.forwardBackward(rows, { name: "cross-entropy", normalizer: 32 * LENGTH });
      await engine.optimStep({ learningRate: 1e-4 });
    });
    const sampler = await engine.sampler({ maxSequences: 128, maxLength: 2 * LENGTH, vocabSize: VOCAB });
    await note("sample", threads, round, () =>
      Promise.all(
        Array.from({ length: 128 }, (_, row) => {
          const request = { temperature: 1, topP: 1, topK: 0, maxTokens: 40, uniform: (place) => (place * 0.618034) % 1 };
          return sampler.decode(sampler.open(rows[row % 32].tokenIds.slice(0, 40)), request);
        }),
      ),
    );
    sampler.dispose();
  }
}
const median = (values) => Number(values.sort((a, b) => a - b)[values.length >> 1].toPrecision(3));
for (const each of Object.values(figures)) for (const [name, values] of Object.entries(each)) each[name] = median(values);
console.log(JSON.stringify(figures));
engine.dispose();
parameters.dispose();

/** Processor milliseconds of the work, of this thread and of all. The first round warms up. */
async function note(label, threads, round, work) {
  const [main, all] = [mainThread(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(all);
  if (round < 0) return;
  const of = (figures[`threads_${threads}`] ??= {});
  (of[`${label}_main_ms`] ??= []).push(mainThread() - main);
  (of[`${label}_cpu_ms`] ??= []).push((user + system) / 1000);
}

function mainThread() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}
