import { copyFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SamplerOptions, TurnRequest } from "@retool-ts/engine";
import { LocalEngine, Parameters, useBackend, type ModelConfig } from "@retool-ts/policy";
import { engineFiles } from "@retool-ts/policy/node";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { LlamaServer, type LlamaOptions } from "../src/llama-server.js";
import { SampledElsewhere } from "../src/sampled-elsewhere.js";
import { FakeServer, llama } from "./fake-servers.js";

const MODEL: ModelConfig = {
  modelType: "llama", vocabSize: 34, hiddenSize: 16, intermediateSize: 16, layers: 1, heads: 2, kvHeads: 2, headDim: 8, maxPositions: 512, rmsNormEpsilon: 1e-6,
  ropeTheta: 100, tiedEmbeddings: true, attentionBias: false, queryKeyNorm: false,
}; // prettier-ignore
const SAMPLER: SamplerOptions = { maxSequences: 8, maxLength: 40, vocabSize: 32, unusedTokenIds: [30] };
const TURN: TurnRequest = { temperature: 1, topP: 0.9, topK: 0, minP: 0.05, maxTokens: 6, uniform: () => 0.5, stopTokenIds: [31] };
const row = { tokenIds: [1, 2, 3, 4], lossMask: [0, 1, 1, 1] };

let folder: string;
let file: string;
let parameters: Parameters;
let engine: LocalEngine;
let fake: FakeServer;
beforeAll(() => useBackend("wasm"));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llama-sampler-"));
  file = join(folder, "adapter.gguf");
  parameters = Parameters.initialize(MODEL, { seed: 5, embeddingStd: 0.3 });
  parameters.addAdapter({ rank: 2, alpha: 4, dropout: 0, modules: ["q", "v", "down"], seed: 1 });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 256, files: engineFiles });
});
afterEach(async () => {
  await fake.close();
  engine.dispose();
  parameters.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** The matrices alone: servers here look at nothing but whether the file is another one. */
const writeAdapter = (from: string, path: string) => copyFile(join(from, "adapter_model.safetensors"), path);

function open(options: Partial<LlamaOptions> = {}): Promise<SampledElsewhere<unknown>> {
  const given = { baseUrl: fake.url, adapterFile: file, writeAdapter, retryMs: 1, lookMs: 1 };
  return SampledElsewhere.create(engine, { server: new LlamaServer({ ...given, ...options }), folder, name: "p" });
}

async function learn(sampled: SampledElsewhere<unknown>): Promise<void> {
  await sampled.forwardBackward([row], { name: "cross-entropy", normalizer: 3 });
  await sampled.optimStep({ learningRate: 0.1 });
}

async function turn(sampled: SampledElsewhere<unknown>, change: Partial<TurnRequest> = {}, maxLength = SAMPLER.maxLength) {
  const sampler = await sampled.sampler({ ...SAMPLER, maxLength });
  const sequence = sampler.open([1, 2, 3]);
  try {
    return await sampler.decode(sequence, { ...TURN, ...change });
  } finally {
    sampler.close(sequence);
  }
}

test("llama.cpp gets ids, seeds and what it must not sample, and reads the adapter once it has slept after each update", async () => {
  const { reply, state } = llama(file, () => [7, 8, 31]);
  const looks: boolean[] = [];
  fake = await FakeServer.open((path, body) => {
    const answer = reply(path, body);
    // Goes to sleep some time after it was left alone.
    if (path === "/props" && looks.push(state.isSleeping) % 3 === 0) state.isSleeping = true;
    return answer;
  });
  const sampled = await open();
  expect(await turn(sampled)).toEqual({ tokenIds: [7, 8, 31], logProbs: [-0.07, -0.08, -0.31], finish: "stop" });
  expect(fake.bodiesOf("/completion")[0]).toEqual({
    prompt: [1, 2, 3], n_predict: 6, temperature: 1, top_p: 0.9, top_k: 0, min_p: 0.05, seed: 2 ** 30, samplers: ["top_k", "top_p", "min_p", "temperature"],
    logit_bias: [[32, false], [33, false], [30, false]], n_probs: 1, lora: [{ id: 0, scale: 1 }], return_tokens: true, post_sampling_probs: false,
    cache_prompt: true,
  }); // prettier-ignore
  const before = state.adapter;
  await turn(sampled);
  expect(state.loads).toBe(1);
  await learn(sampled);
  await Promise.all([turn(sampled), turn(sampled)]);
  expect(state.loads).toBe(2);
  expect(state.adapter).not.toBe(before);
  expect(state.adapter).toBe(await readFile(file, "latin1"));
  await expect((await sampled.snapshot()).sampler(SAMPLER)).rejects.toThrow("holds one set of weights");
  await sampled.close();
});

test("a stop that the model does not end at by itself cuts what was sampled behind it, and one that nobody asked for is sampled over", async () => {
  const answers = [[7, 31], [8, 9, 5], [6]];
  const { reply, state } = llama(file, () => answers.shift()!);
  state.isSleeping = true;
  fake = await FakeServer.open(reply);
  const sampled = await open();
  const { tokenIds, finish } = await turn(sampled, { stopTokenIds: [9] });
  expect([tokenIds, finish]).toEqual([[7, 31, 8, 9], "stop"]);
  expect(fake.bodiesOf("/completion").map(({ prompt, n_predict: n }) => [prompt, n])).toEqual([
    [[1, 2, 3], 6],
    [[1, 2, 3, 7, 31], 4],
  ]);
  await sampled.close();
});

/** A server that sleeps, with 512 places, so that a turn may be longer than one piece. */
function longContext(ids: (body: Readonly<Record<string, unknown>>) => readonly number[]): Promise<FakeServer> {
  const { reply, state } = llama(file, ids);
  state.isSleeping = true;
  return FakeServer.open((path, body) => {
    const answer = reply(path, body);
    if (path === "/props") (answer as { body: { default_generation_settings: object } }).body.default_generation_settings = { n_ctx: 512 };
    return answer;
  });
}

test("turns are asked for in pieces until the model is known to end at its stops", async () => {
  fake = await longContext(() => [31]);
  const sampled = await open();
  for (let i = 0; i < 2; i++) await turn(sampled, { maxTokens: 200 }, 300);
  expect(fake.bodiesOf("/completion").map((body) => body["n_predict"])).toEqual([64, 200]);
  await sampled.close();
});

test("an id that stands last because there was no more room is no end: a stop at it is asked for in pieces", async () => {
  fake = await longContext((body) => (body["n_predict"] === 3 ? [7, 8, 9] : [9]));
  const sampled = await open();
  expect((await turn(sampled, { maxTokens: 3, stopTokenIds: [31] }, 300)).finish).toBe("length"); // `stop_type` is `limit`
  for (let i = 0; i < 2; i++) expect((await turn(sampled, { maxTokens: 200, stopTokenIds: [9] }, 300)).tokenIds).toEqual([9]);
  expect(fake.bodiesOf("/completion").map((body) => body["n_predict"])).toEqual([3, 64, 64]);
  await sampled.close();
});

test("log-probabilities that the server does not tell are asked for, each with the tokens before it", async () => {
  const { reply, state } = llama(file, () => [7, 20, 8, 31], [20]);
  state.isSleeping = true;
  fake = await FakeServer.open(reply);
  const sampled = await open();
  expect(await turn(sampled)).toEqual({ tokenIds: [7, 20, 8, 31], logProbs: [-0.07, -0.2, -0.08, -0.31], finish: "stop" });
  expect(fake.bodiesOf("/completion")[1]).toMatchObject({ prompt: [1, 2, 3, 7], n_predict: 1, logit_bias: [[11, 1000]], n_probs: 64 });
  await sampled.close();
});

test("a server that does not sleep, has another adapter, or too little room is refused with the way to start it", async () => {
  const { reply, state } = llama(file, () => [31]);
  const change: { props?: object; adapters?: object } = {};
  fake = await FakeServer.open((path, body) => {
    if (path === "/props" && change.props !== undefined) return { body: { default_generation_settings: { n_ctx: 48 }, ...change.props } };
    if (path === "/lora-adapters" && change.adapters !== undefined) return { body: change.adapters };
    return reply(path, body);
  });
  const sampled = await open({ sleepLimitMs: 3 });
  await expect(turn(sampled)).rejects.toThrow(/gone to sleep.*found one that is awake.*--sleep-idle-seconds 1/s);
  change.props = {};
  await expect(turn(sampled)).rejects.toThrow("found one that cannot sleep");
  delete change.props;
  change.adapters = [{ id: 0, path: "/other.gguf", scale: 1 }];
  state.isSleeping = true;
  await expect(turn(sampled)).rejects.toThrow(/expected one adapter from .*adapter\.gguf, found \/other\.gguf/s);
  delete change.adapters;
  state.isSleeping = true;
  await expect(turn(sampled, { maxTokens: 60 }, 64)).rejects.toThrow(/48 tokens a sequence, for a turn of up to 63.*--ctx-size/s);
  expect((await turn(sampled)).tokenIds).toEqual([31]);
  await sampled.close();
});

test("while no server answers, the file is there already and the way to start one is said once", async () => {
  const said: string[] = [];
  fake = await FakeServer.open(() => "cut");
  const sampled = await open({ sleepLimitMs: 5, say: (text) => said.push(text) });
  await expect(turn(sampled)).rejects.toThrow("found no answer");
  expect(said).toEqual([expect.stringContaining(`llama-server --model BASE.gguf --lora ${file} --sleep-idle-seconds 1`)]);
  expect((await stat(file)).size).toBeGreaterThan(0);
  await sampled.close();
});
