// CPU seconds of one step (samples, gradients, an update) through the Tinker API on loopback, against the same work by an engine in the
// process: client, server and engine are one process, so that its CPU time is all of it. Steps alternate; the figures are medians.
// SEQUENCES and NEW_TOKENS set the size of a step.
// `node engine.mjs [tiny|smollm2] [steps]` prints a line of figures; the first step of each path warms up and does not count.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Parameters } from "@retool-ts/policy";
import { useBackend } from "@retool-ts/policy/node";
import { HOSTED_SEMANTICS, TinkerClient, TinkerEngine } from "@retool-ts/tinker";
import { SHAPES } from "../../policy/bench/shapes.mjs";
import { localBase, openTinkerServer } from "../dist/index.js";

const [name = "smollm2", count = "5"] = process.argv.slice(2);
const { config } = SHAPES[name];
const rollouts = Number(process.env.SEQUENCES ?? 8);
const [promptTokens, newTokens] = [32, Number(process.env.NEW_TOKENS ?? (name === "tiny" ? 128 : 32))];
const RANK = 8;
const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };

const backend = await useBackend(process.env.BACKEND ?? "wasm");
const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.02 });
const base = localBase(parameters, {
  name: "base",
  vocabSize: config.vocabSize,
  maxTokensPerPass: 2_560,
  gradientCheckpointing: name !== "tiny",
});
const folder = await mkdtemp(join(tmpdir(), "bench-engine-"));
const server = await openTinkerServer({ bases: [base], folder, port: 0 });
const client = await TinkerClient.connect({ baseUrl: server.url, vocabSize: config.vocabSize });
const model = { vocabSize: config.vocabSize, maxPositions: config.maxPositions, parameters: parameters.count };
const far = await TinkerEngine.create({ client, baseModel: "base", rank: RANK, model, optimizer, semantics: HOSTED_SEMANTICS, seed: 1 });
const { engine: near } = await base.createModel({ rank: RANK, seed: 1, trainAttention: true, trainMlp: true });

const seconds = { near: [], far: [] };
for (let step = 0; step <= Number(count); step++) {
  // The order changes from step to step, so that neither has the other's garbage to collect alone.
  const order = step % 2 === 0 ? ["near", "far"] : ["far", "near"];
  for (const path of order) {
    const begun = process.cpuUsage();
    await oneStep(path === "near" ? near : far, path);
    const { user, system } = process.cpuUsage(begun);
    if (step > 0) seconds[path].push((user + system) / 1e6);
  }
}
await client.close();
await server.close(200);
await rm(folder, { recursive: true, force: true });

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const [inProcess, overHttp] = [median(seconds.near), median(seconds.far)];
console.log(
  JSON.stringify({
    shape: name,
    backend,
    parameters: parameters.count,
    sequences: rollouts,
    tokens: rollouts * (promptTokens + newTokens),
    steps: Number(count),
    in_process_cpu_s: Number(inProcess.toFixed(3)),
    over_http_cpu_s: Number(overHttp.toFixed(3)),
    ratio: Number((overHttp / inProcess).toFixed(3)),
  }),
);
process.exit();

async function oneStep(engine, path) {
  const sampler = await engine.sampler({ maxSequences: rollouts, maxLength: promptTokens + newTokens, vocabSize: config.vocabSize });
  const prompt = Array.from({ length: promptTokens }, (_, i) => (i * 37 + 11) % config.vocabSize);
  const request = { temperature: 1, topP: 1, topK: 0, maxTokens: newTokens };
  const turns = await Promise.all(
    Array.from({ length: rollouts }, async (_, i) => {
      const sequence = sampler.open(prompt);
      const turn = await sampler.decode(sequence, { ...request, uniform: (position) => (position * 0.618034 + i * 0.1) % 1 });
      sampler.close(sequence);
      return turn;
    }),
  );
  sampler.dispose();
  const rows = turns.map(({ tokenIds }) => ({
    tokenIds: [...prompt, ...tokenIds],
    lossMask: [...prompt.map(() => 0), ...tokenIds.map(() => 1)],
  }));
  await engine.forwardBackward(rows, { name: "cross-entropy", normalizer: rollouts * newTokens });
  const options = path === "near" ? { learningRate: 1e-4, optimizer } : { learningRate: 1e-4 };
  await engine.optimStep(options);
  // The server keeps the adapter with its moments after each step, so that a crash loses nothing; an engine alone keeps nothing.
}
