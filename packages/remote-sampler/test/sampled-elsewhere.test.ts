import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SamplerOptions, TurnRequest } from "@retool-ts/engine";
import { LocalEngine, Parameters, useBackend, type ModelConfig } from "@retool-ts/policy";
import { engineFiles } from "@retool-ts/policy/node";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SampledElsewhere } from "../src/sampled-elsewhere.js";
import { SglangServer } from "../src/sglang-server.js";
import { VllmServer } from "../src/vllm-server.js";
import { FakeServer, sglang, vllm } from "./fake-servers.js";

const MODEL: ModelConfig = {
  modelType: "qwen3", vocabSize: 34, hiddenSize: 16, intermediateSize: 16, layers: 1, heads: 2, kvHeads: 2, headDim: 8, maxPositions: 64, rmsNormEpsilon: 1e-6,
  ropeTheta: 100, tiedEmbeddings: true, attentionBias: false, queryKeyNorm: true,
}; // prettier-ignore
const SAMPLER: SamplerOptions = { maxSequences: 8, maxLength: 64, vocabSize: 32, unusedTokenIds: [30] };
const TURN: TurnRequest = { temperature: 1, topP: 0.9, topK: 0, minP: 0.05, maxTokens: 6, uniform: () => 0.5, stopTokenIds: [31] };
const row = { tokenIds: [1, 2, 3, 4], lossMask: [0, 1, 1, 1] };

let folder: string;
let parameters: Parameters;
let engine: LocalEngine;
let fake: FakeServer | undefined;
beforeAll(() => useBackend("wasm"));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "remote-sampler-"));
});
afterEach(async () => {
  await fake?.close();
  engine.dispose();
  parameters.dispose();
  await rm(folder, { recursive: true, force: true });
});

function local(isAdapter: boolean): LocalEngine {
  parameters = Parameters.initialize(MODEL, { seed: 5, embeddingStd: 0.3 });
  if (isAdapter) parameters.addAdapter({ rank: 2, alpha: 4, dropout: 0, modules: ["q", "v"], seed: 1 });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 256, files: engineFiles });
  return engine;
}

async function learn(sampled: SampledElsewhere<unknown>): Promise<void> {
  await sampled.forwardBackward([row], { name: "cross-entropy", normalizer: 3 });
  await sampled.optimStep({ learningRate: 0.1 });
}

async function turn(sampled: SampledElsewhere<unknown>, change: Partial<TurnRequest> = {}) {
  const sampler = await sampled.sampler(SAMPLER);
  const sequence = sampler.open([1, 2, 3]);
  try {
    return await sampler.decode(sequence, { ...TURN, ...change });
  } finally {
    sampler.close(sequence);
  }
}

describe("vLLM", () => {
  test("gets ids, stops, seeds and what it must not sample, and an adapter at the first token after each update", async () => {
    const adapters = new Map<string, string>();
    const seen: string[] = [];
    fake = await FakeServer.open(
      vllm((body) => {
        const path = adapters.get(String(body["model"]));
        if (path !== undefined) seen.push(path);
        return [7, 8, 31];
      }, adapters),
    );
    const server = await VllmServer.open({ baseUrl: fake.url });
    const sampled = await SampledElsewhere.create(local(true), { server, folder, name: "p" });
    expect(await turn(sampled)).toEqual({ tokenIds: [7, 8, 31], logProbs: [-0.07, -0.08, -0.31], finish: "stop" });
    expect(fake.bodiesOf("/v1/completions")[0]).toMatchObject({
      model: "p-0", prompt: [1, 2, 3], max_tokens: 6, temperature: 1, top_p: 0.9, top_k: 0, seed: 2 ** 30, stop_token_ids: [31], ignore_eos: true,
      return_token_ids: true, logprobs: 0, cache_salt: "p-0 0", logit_bias: { 30: -100, 32: -100, 33: -100 }, min_p: 0.05, repetition_penalty: 1,
    }); // prettier-ignore
    const config = JSON.parse(await readFile(join(adapters.get("p-0")!, "adapter_config.json"), "utf8")) as Record<string, unknown>;
    expect(config).toMatchObject({ peft_type: "LORA", r: 2, lora_alpha: 4 });
    await turn(sampled);
    expect(fake.bodiesOf("/v1/load_lora_adapter")).toHaveLength(1);

    const before = await readFile(join(adapters.get("p-0")!, "adapter_model.safetensors"));
    await learn(sampled);
    await Promise.all([turn(sampled), turn(sampled)]);
    expect(fake.bodiesOf("/v1/load_lora_adapter").map((body) => body["load_inplace"])).toEqual([true, true]);
    expect(fake.bodiesOf("/v1/completions").map((body) => body["cache_salt"])).toEqual(["p-0 0", "p-0 0", "p-0 1", "p-0 1"]);
    expect((await readFile(join(adapters.get("p-0")!, "adapter_model.safetensors"))).equals(before)).toBe(false);
    expect(await readdir(folder)).toEqual(["p-0-1"]); // what is old is gone
    expect(seen.slice(-2)).toEqual([join(folder, "p-0-1"), join(folder, "p-0-1")]);
    await sampled.close();
    expect([adapters.size, await readdir(folder)]).toEqual([0, []]);
  });

  test("a snapshot samples from weights of its own, as they were", async () => {
    const adapters = new Map<string, string>();
    fake = await FakeServer.open(vllm(() => [31], adapters));
    const sampled = await SampledElsewhere.create(local(true), { server: await VllmServer.open({ baseUrl: fake.url }), folder, name: "p" });
    const snapshot = await sampled.snapshot();
    await learn(sampled);
    await turn(sampled);
    const sampler = await snapshot.sampler(SAMPLER);
    await sampler.decode(sampler.open([1]), TURN);
    expect(fake.bodiesOf("/v1/completions").map((body) => body["model"])).toEqual(["p-0", "p-1"]);
    const weights = await Promise.all(["p-0", "p-1"].map((name) => readFile(join(adapters.get(name)!, "adapter_model.safetensors"))));
    expect(weights[0]!.equals(weights[1]!)).toBe(false);
    await snapshot.refresh();
    await sampler.decode(sampler.open([1]), TURN);
    const refreshed = await readFile(join(adapters.get("p-1")!, "adapter_model.safetensors"));
    expect(refreshed.equals(weights[0]!)).toBe(true);
    snapshot.dispose();
  });

  test("one that was started again is given its adapter again; cut connections and 503 are tried again, 400 is not", async () => {
    const adapters = new Map<string, string>();
    const faults: ("cut" | 503 | "lose" | 400)[] = [];
    const inner = vllm(() => [9, 31], adapters);
    fake = await FakeServer.open((path, body) => {
      const fault = path === "/v1/completions" ? faults.shift() : undefined;
      if (fault === "cut") return "cut";
      if (fault === "lose") adapters.clear();
      else if (fault !== undefined) return { status: fault, body: { error: { message: "no such thing" } } };
      return inner(path, body);
    });
    const server = await VllmServer.open({ baseUrl: fake.url, retryMs: 1 });
    const sampled = await SampledElsewhere.create(local(true), { server, folder });
    faults.push("cut", 503, "lose");
    expect((await turn(sampled)).tokenIds).toEqual([9, 31]);
    expect(fake.bodiesOf("/v1/load_lora_adapter")).toHaveLength(2);
    faults.push(400);
    await expect(turn(sampled)).rejects.toThrow(/vLLM at .*status 400: no such thing/);
  });

  test("an id that may not be sampled never enters a sequence, although the server gives it", async () => {
    const answers = [[5, 33, 6, 7, 8, 9], [30], [4, 31]];
    fake = await FakeServer.open(vllm(() => answers.shift()!));
    const sampled = await SampledElsewhere.create(local(true), { server: await VllmServer.open({ baseUrl: fake.url }), folder });
    expect((await turn(sampled)).tokenIds).toEqual([5, 4, 31]);
    const asked = fake.bodiesOf("/v1/completions");
    expect(asked.map((body) => body["prompt"])).toEqual([
      [1, 2, 3],
      [1, 2, 3, 5],
      [1, 2, 3, 5],
    ]);
    expect(new Set(asked.map((body) => body["seed"])).size).toBe(3); // another for each try
  });

  test("other temperatures, another model, spoiled numbers and missing ids are refused in words", async () => {
    let spoil: (body: Record<string, unknown>) => void = () => {};
    const inner = vllm(() => [31]);
    fake = await FakeServer.open((path, body) => {
      const reply = inner(path, body);
      const choices = reply !== "cut" && (reply.body as { choices?: Record<string, unknown>[] }).choices;
      if (choices) spoil(choices[0]!);
      return reply;
    });
    await expect(VllmServer.open({ baseUrl: fake.url, model: "old-lora" })).rejects.toThrow(
      /expected a base model of the server, found old-lora/,
    );
    const sampled = await SampledElsewhere.create(local(true), { server: await VllmServer.open({ baseUrl: fake.url }), folder });
    await expect(turn(sampled, { temperature: 0.7 })).rejects.toThrow("expected temperature 1, or 0, got 0.7");
    spoil = (choice) => (choice["logprobs"] = { token_logprobs: [null] });
    await expect(turn(sampled)).rejects.toThrow("its weights are spoiled");
    spoil = (choice) => (choice["token_ids"] = undefined);
    await expect(turn(sampled)).rejects.toThrow("expected token_ids and logprobs");
  });
});

describe("SGLang, by its documents", () => {
  test("reads whole models from folders, and a turn ends with its stop", async () => {
    const folders: unknown[] = [];
    const inner = sglang(() => [7, 31]);
    fake = await FakeServer.open((path, body) => {
      if (path === "/update_weights_from_disk")
        folders.push([body["model_path"], existsSync(join(String(body["model_path"]), "model.safetensors"))]);
      return inner(path, body);
    });
    const server = await SglangServer.open({ baseUrl: fake.url });
    const sampled = await SampledElsewhere.create(local(false), { server, folder, name: "p" });
    expect(await turn(sampled, { topK: 5 })).toEqual({ tokenIds: [7, 31], logProbs: [-0.07, -0.31], finish: "stop" });
    expect(fake.bodiesOf("/generate")[0]).toEqual({
      input_ids: [1, 2, 3],
      sampling_params: {
        max_new_tokens: 6, temperature: 1, top_p: 0.9, top_k: 5, min_p: 0.05, sampling_seed: 2 ** 30, stop_token_ids: [31], skip_special_tokens: false, no_stop_trim: true,
      }, // prettier-ignore
      return_logprob: true,
    });
    await learn(sampled);
    await turn(sampled);
    expect(folders).toEqual([[join(folder, "p-0-0"), true], [join(folder, "p-0-1"), true]]); // prettier-ignore
    expect(fake.bodiesOf("/update_weights_from_disk").map((body) => body["flush_cache"])).toEqual([true, true]);
    await expect((await sampled.snapshot()).sampler(SAMPLER)).rejects.toThrow("holds one set of weights");
  });

  test("weights that it does not take, tokens of other weights and requests that it gives up end the run", async () => {
    let fault: "refuse" | "other" | "abort" = "refuse";
    const inner = sglang(() => [31]);
    fake = await FakeServer.open((path, body) => {
      const reply = inner(path, body);
      if (reply === "cut" || path === "/get_model_info") return reply;
      if (path === "/update_weights_from_disk") return fault === "refuse" ? { body: { success: false, message: "no such folder" } } : reply;
      const meta = (reply.body as { meta_info: Record<string, unknown> }).meta_info;
      if (fault === "other") meta["weight_version"] = "17";
      else meta["finish_reason"] = { type: "abort", message: "paused" };
      return reply;
    });
    const sampled = await SampledElsewhere.create(local(false), { server: await SglangServer.open({ baseUrl: fake.url }), folder });
    await expect(turn(sampled)).rejects.toThrow("were not taken: no such folder");
    fault = "other";
    await expect(turn(sampled)).rejects.toThrow("expected tokens of weights 0, got some of 17");
    fault = "abort";
    await expect(turn(sampled)).rejects.toThrow("gave a request up");
  });
});
