// Memory of a client in one step of many long rollouts: rolls out, passes all of them through the loss, and steps, against a server that
// answers at full rate. `node memory.mjs [rollouts] [tokens]`, 8,192 of 16,384 by default, prints a line of figures, in MiB.
//
// "held" is what a step cannot do without: ids, masks and log-probabilities of its rollouts with their texts. Peaks are of resident memory above what the process had before.
import { fork } from "node:child_process";
import { rolloutBatch } from "../../rollout/dist/index.js";
import { HOSTED_SEMANTICS, TinkerClient, TinkerEngine } from "../dist/index.js";

const [rollouts = 8_192, tokens = 16_384] = process.argv.slice(2).map(Number);
const [TURNS, GROUP, VOCAB, STOP, PROMPT] = [4, 16, 32_000, 31_999, 64];
const turnTokens = Math.floor((tokens - 4 * TURNS) / TURNS);

const child = fork(new URL("full-rate-server.mjs", import.meta.url), [turnTokens, VOCAB, STOP].map(String));
const baseUrl = await new Promise((resolve) => child.once("message", resolve));
const client = await TinkerClient.connect({ baseUrl, vocabSize: VOCAB });
const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
const model = { vocabSize: VOCAB, maxPositions: 2 * tokens, parameters: 1 };
const engine = await TinkerEngine.create({ client, baseModel: "base", rank: 8, model, optimizer, semantics: HOSTED_SEMANTICS, seed: 1 });

const word = (id) => `w${id % 1_000} `;
const codec = { encode: () => [5, 6, 7, 8], encodeUntrusted: () => [5, 6, 7, 8], decode: (ids) => Array.from(ids, word).join("") };
const dialect = {
  name: "bench",
  stopStrings: [],
  parseTurn: () => ({ kind: "call", tool: "t", input: {}, source: "x", offset: 0 }), // until the turns are used up
  renderResult: (text) => [{ text, trusted: true }],
};
const tool = { name: "t", description: "", parameters: {}, call: async () => ({ text: "42", status: "ok" }) };

const base = process.memoryUsage().rss;
let peak = 0;
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss - base)), 20);
const mib = (bytes) => Math.round(bytes / 2 ** 20);
const phase = async (work) => {
  [peak] = [process.memoryUsage().rss - base];
  const begun = process.cpuUsage();
  const result = await work();
  peak = Math.max(peak, process.memoryUsage().rss - base);
  const { user, system } = process.cpuUsage(begun);
  return { result, peakMiB: mib(peak), cpuSeconds: Math.round((user + system) / 1e6) };
};

const sampled = await phase(async () => {
  const sampler = await engine.sampler({ maxSequences: 256, maxLength: 2 * tokens, vocabSize: VOCAB });
  const prompts = Array.from({ length: Math.ceil(rollouts / GROUP) }, (_, i) => ({
    problemId: `p${i}`,
    promptIds: Array.from({ length: PROMPT }, (__, t) => (i + t) % STOP),
  }));
  const budgets = {
    maxResponseTokens: tokens,
    maxTurnTokens: turnTokens,
    maxTurns: TURNS,
    maxToolCalls: TURNS,
    maxToolOutputChars: 64,
    toolOutputCut: "middle",
  };
  const sampling = { temperature: 1, topP: 1, topK: 0 };
  return rolloutBatch(prompts, {
    sampler,
    codec,
    dialect,
    tools: [tool],
    budgets,
    sampling,
    eosTokenIds: [STOP],
    seed: 1,
    step: 0,
    samples: GROUP,
  });
});
const trajectories = sampled.result.flat();
const counts = {
  tokens: trajectories.reduce((sum, { lossMask }) => sum + lossMask.reduce((count, mask) => count + mask, 0), 0),
  rollouts: trajectories.length,
  trainedRows: trajectories.length,
  maxResponseTokens: tokens,
};
const rows = trajectories.map(({ tokenIds, lossMask, logProbs }, i) => {
  const constant = (value) => new Float32Array(tokenIds.length).fill(value);
  // As `@retool-ts/train` makes them: what is the same at every token is an array only while it is read.
  const fields = {
    oldLogProbs: logProbs,
    samplerLogProbs: logProbs,
    get advantages() {
      return constant(i % 2 === 0 ? 1 : -1);
    },
    get tokensInRow() {
      return constant(1);
    },
  };
  return { tokenIds, lossMask, fields };
});
const heldBytes = rows.reduce((sum, { tokenIds }) => sum + tokenIds.length * (4 + 1 + 4), 0);
const textBytes = trajectories.reduce((sum, { segments }) => sum + segments.reduce((all, { text }) => all + text.length, 0), 0);

const loss = {
  name: "ppo-clip",
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 3,
  sapo: { positive: 1, negative: 1.05 },
  vespo: null,
  aggregation: "token-mean",
  entropyCoef: 0,
  importance: { level: "token", cap: 2, outside: "cap" },
  geometricMask: null,
  offPolicyThreshold: null,
  kl: null,
  counts: { ...counts, trainedTokens: counts.tokens },
};
const learned = await phase(async () => {
  const result = await engine.forwardBackward(rows, loss);
  await engine.optimStep({ learningRate: 1e-4 });
  return result;
});
clearInterval(watch);
console.log(
  JSON.stringify({
    rollouts: trajectories.length,
    tokens_a_rollout: Math.round(rows.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0) / rows.length),
    held_mib: mib(heldBytes + textBytes),
    of_it_texts_mib: mib(textBytes),
    sampling_peak_mib: sampled.peakMiB,
    sampling_cpu_s: sampled.cpuSeconds,
    learning_peak_mib: learned.peakMiB,
    learning_cpu_s: learned.cpuSeconds,
    targets: learned.result.targets,
  }),
);
child.disconnect();
process.exit();
