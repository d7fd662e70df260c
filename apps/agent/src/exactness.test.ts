import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import type { Sampler, TurnTokens } from "@retool-ts/engine";
import { LocalEngine, modelConfigFromHuggingFace, Parameters, useBackend } from "@retool-ts/policy";
import { hermesFormat, serveOpenAI, type RecordedRollout } from "@retool-ts/serve";
import { generateText, type ModelMessage } from "ai";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { END, QWEN, tokenizer } from "../../../packages/serve/test/scripted-model.js";

/** A client's conversation of some questions, in its own spelling of the messages. */
type Converse = (rollout: RecordedRollout, questions: readonly string[]) => Promise<void>;

const clients: Readonly<Record<string, Converse>> = {
  async openai({ baseURL }, questions) {
    const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
    const messages: OpenAI.ChatCompletionMessageParam[] = [];
    for (const content of questions) {
      messages.push({ role: "user", content });
      messages.push((await client.chat.completions.create({ model: "m", messages, max_tokens: 12 })).choices[0]!.message);
    }
  },
  async "ai-sdk"({ baseURL }, questions) {
    const model = createOpenAICompatible({ name: "policy", baseURL })("m");
    const messages: ModelMessage[] = [];
    for (const content of questions) {
      messages.push({ role: "user", content });
      const { response } = await generateText({ model, messages, maxOutputTokens: 12, maxRetries: 0 });
      messages.push(...response.messages);
    }
  },
  async langchain({ baseURL }, questions) {
    const model = new ChatOpenAI({ model: "m", apiKey: "none", configuration: { baseURL }, maxTokens: 12, maxRetries: 0 });
    const messages: BaseMessage[] = [];
    for (const content of questions) {
      messages.push(new HumanMessage(content));
      messages.push(await model.invoke(messages));
    }
  },
};

const sorted = (spans: readonly (readonly number[])[]) => spans.map((span) => span.join()).toSorted();

test("200 conversations of a policy that writes anything: recorded ids are those sampled, and log-probabilities the trainer's", async () => {
  await useBackend("wasm");
  const shape = { hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 4, max_position_embeddings: 512 };
  const config = modelConfigFromHuggingFace({ model_type: "qwen3", vocab_size: tokenizer.vocabSize, rope_theta: 100, ...shape });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.4 });
  const engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 8_192 });
  const real = await engine.sampler({
    maxSequences: 32,
    maxLength: 512,
    vocabSize: tokenizer.vocabSize,
    textStream: () => tokenizer.streamDecoder(),
  });
  const sampled: TurnTokens[] = [];
  const sampler: Sampler = {
    maxLength: real.maxLength,
    get available() {
      return real.available;
    },
    open: (ids) => real.open(ids),
    prefill: (ids) => real.prefill(ids),
    fork: (id) => real.fork(id),
    forkAt: (id, length) => real.forkAt(id, length),
    extend: (id, ids) => real.extend(id, ids),
    close: (id) => real.close(id),
    async decode(id, request) {
      const turn = await real.decode(id, request);
      sampled.push(turn);
      return turn;
    },
  };
  const server = await serveOpenAI({ sampler, tokenizer, eosTokenIds: [END], format: hermesFormat(QWEN), modelName: "m", port: 0 });
  const names = Object.keys(clients);
  const conversations = Array.from({ length: 200 }, (_, i) => ({ client: names[i % names.length]!, rollout: server.openRollout({ problemId: String(i), sampleIndex: 0, seed: 1, step: 0 }) })); // prettier-ignore
  for (let from = 0; from < conversations.length; from += 20) {
    const batch = conversations.slice(from, from + 20);
    await Promise.all(
      batch.map(({ client, rollout }, i) => clients[client]!(rollout, [`What is ${from + i}?`, "Are you sure?", "Really?"])),
    );
    batch.forEach(({ rollout }) => rollout.close());
  }
  await server.close(0);
  const edited: Record<string, number> = {};
  for (const { client, rollout } of conversations) edited[client] = (edited[client] ?? 0) + rollout.stats.editedTurns;
  expect(edited).toEqual({ openai: 0, "ai-sdk": 0, langchain: 0 });

  const trajectories = conversations.flatMap(({ rollout }) => rollout.trajectories());
  const own = trajectories.flatMap(({ segments, tokenIds }) => segments.filter(({ kind }) => kind === "model").map(({ start, end }) => [...tokenIds.subarray(start, end)])); // prettier-ignore
  expect(own).toHaveLength(600);
  expect(sorted(own)).toEqual(sorted(sampled.map(({ tokenIds }) => tokenIds)));
  // most of what such a policy writes would not come back from its text
  const changed = own.filter((ids) => tokenizer.encode(tokenizer.decode(ids)).join() !== ids.join());
  expect(changed.length).toBeGreaterThan(300);

  const logProbs = await engine.logProbs(trajectories);
  let largest = 0;
  trajectories.forEach((trajectory, i) => trajectory.lossMask.forEach((mask, t) => (largest = mask === 1 ? Math.max(largest, Math.abs(trajectory.logProbs[t]! - logProbs[i]![t]!)) : largest))); // prettier-ignore
  expect(largest).toBeLessThan(1e-4);
  real.dispose();
  engine.dispose();
  parameters.dispose();
});
