import type { TrainingRow } from "@retool-ts/engine";
import { LocalEngine, modelConfigFromHuggingFace, Parameters, useBackend } from "@retool-ts/policy";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hermesFormat, serveOpenAI, type OpenAIServer } from "../src/index.js";
import { END, post, QWEN, scriptedServer, tokenizer } from "./scripted-model.js";

interface Shown {
  readonly token: string;
  readonly logprob: number;
}
interface ShownToken extends Shown {
  readonly top_logprobs: readonly Shown[];
}

let server: OpenAIServer;
let engine: LocalEngine;
let free: () => void;
beforeAll(async () => {
  await useBackend("wasm");
  const shape = { hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 4, max_position_embeddings: 256 };
  const config = modelConfigFromHuggingFace({ model_type: "qwen3", vocab_size: tokenizer.vocabSize + 12, rope_theta: 100, ...shape });
  const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.4 });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 4_096 });
  const sampler = await engine.sampler({ maxSequences: 4, maxLength: 256, vocabSize: tokenizer.vocabSize, textStream: () => tokenizer.streamDecoder() }); // prettier-ignore
  server = await serveOpenAI({ sampler, tokenizer, eosTokenIds: [END], format: hermesFormat(QWEN), modelName: "m", port: 0 });
  free = () => {
    sampler.dispose();
    engine.dispose();
    parameters.dispose();
  };
});
afterAll(async () => {
  await server.close(0);
  free();
});

const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);

/** What a trainer gives every token that could stand behind a beginning, by falling log-probability. */
async function trainers(beginning: readonly number[]): Promise<readonly { readonly id: number; readonly logProb: number }[]> {
  const rows: TrainingRow[] = ids.map((id) => ({
    tokenIds: Int32Array.of(...beginning, id),
    lossMask: Uint8Array.from([...beginning.map(() => 0), 1]),
  }));
  const found = await engine.logProbs(rows);
  return ids.map((id) => ({ id, logProb: found[id]!.at(-1)! })).sort((a, b) => b.logProb - a.logProb);
}

const ask = {
  messages: [{ role: "user", content: "Hi" }],
  seed: 3,
  max_tokens: 3,
  logprobs: true,
  top_logprobs: 5,
  return_token_ids: true,
};

describe("top_logprobs", () => {
  test.each([false, true])(
    "are the likeliest tokens, with the log-probabilities that a trainer computes; streamed: %s",
    async (stream) => {
      const url = `${server.url}/v1/chat/completions`;
      let tokens: readonly ShownToken[];
      const { body } = await post(url, ask);
      const [choice] = (body as { choices: { token_ids: number[]; logprobs: { content: ShownToken[] } }[] }).choices;
      const { prompt_token_ids: prompt } = body as { prompt_token_ids: number[] };
      if (stream) {
        const text = await (await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...ask, stream }) })).text(); // prettier-ignore
        const events = text.split("\n\n").filter((part) => part.startsWith("data: {")).map((part) => JSON.parse(part.slice(6)) as { choices: { logprobs: { content: ShownToken[] } | null }[] }); // prettier-ignore
        tokens = events.flatMap(({ choices }) => choices.flatMap(({ logprobs }) => logprobs?.content ?? []));
      } else tokens = choice!.logprobs.content;
      expect(tokens).toHaveLength(3);
      for (const [i, { top_logprobs: top, token, logprob }] of tokens.entries()) {
        const expected = await trainers([...prompt, ...choice!.token_ids.slice(0, i)]);
        expect(top).toHaveLength(5);
        top.forEach((each, place) => {
          expect(each.token).toBe(tokenizer.decode([expected[place]!.id]));
          expect(Math.abs(each.logprob - expected[place]!.logProb)).toBeLessThan(1e-4);
        });
        expect(token).toBe(tokenizer.decode([choice!.token_ids[i]!]));
        expect(Math.abs(logprob - expected.find(({ id }) => id === choice!.token_ids[i])!.logProb)).toBeLessThan(1e-4);
      }
    },
    60_000,
  );

  test("completions tell them by text, at the request's temperature", async () => {
    const prompt = tokenizer.encode("Hello");
    const { body } = await post(`${server.url}/v1/completions`, { prompt, max_tokens: 1, logprobs: 3, temperature: 0 });
    const { top_logprobs: top } = (body as { choices: { logprobs: { top_logprobs: Record<string, number>[] } }[] }).choices[0]!.logprobs;
    const expected = (await trainers(prompt)).slice(0, 3);
    expect(Object.keys(top[0]!)).toEqual(expected.map(({ id }) => tokenizer.decode([id])));
    Object.values(top[0]!).forEach((logProb, i) => expect(Math.abs(logProb - expected[i]!.logProb)).toBeLessThan(1e-4));
  });

  test("need logprobs, and an engine that can tell them; one that cannot refuses them by name", async () => {
    const { logprobs: _, ...without } = ask;
    expect(await post(`${server.url}/v1/chat/completions`, without)).toMatchObject({ status: 400, body: { error: { param: "top_logprobs", message: "top_logprobs: expected logprobs: true beside it" } } }); // prettier-ignore
    const { server: other } = await scriptedServer(() => "x");
    const refused = await post(`${other.url}/v1/chat/completions`, { ...ask, stream: true });
    expect(refused).toMatchObject({ status: 400, body: { error: { param: "top_logprobs", message: expect.stringContaining("this engine tells") as string } } }); // prettier-ignore
    expect(await post(`${other.url}/v1/completions`, { prompt: "x", logprobs: 2 })).toMatchObject({ status: 400, body: { error: { param: "logprobs" } } }); // prettier-ignore
    expect((await post(`${other.url}/v1/completions`, { prompt: "x", logprobs: 0 })).status).toBe(200);
    await other.close(0);
  });
});
