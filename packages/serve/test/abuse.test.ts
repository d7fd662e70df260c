import { connect } from "node:net";
import { RandomStream } from "@retool-ts/core";
import { LocalEngine, modelConfigFromHuggingFace, Parameters, useBackend } from "@retool-ts/policy";
import { hermesFormat, serveOpenAI } from "../src/index.js";
import { END, QWEN, scriptedServer, tokenizer } from "./scripted-model.js";
import { expect, test } from "vitest";

const TOKEN = "key";
const headers = { "content-type": "application/json", authorization: `Bearer ${TOKEN}` };
const messages = [{ role: "user", content: "Hi" }];

/** Values that have no business anywhere. */
const NONSENSE = [null, -1, 1e308, "", "x".repeat(500), [], {}, [[]], true, { a: { b: [{}] } }, "\u0000\ud800", Number.MAX_SAFE_INTEGER];
const FIELDS = ["messages", "n", "seed", "temperature", "top_p", "max_tokens", "stop", "tools", "tool_choice", "logprobs", "stream", "stream_options", "chat_template_kwargs", "prompt", "model"]; // prettier-ignore

async function world() {
  await useBackend("wasm");
  const shape = { hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 256 };
  const config = modelConfigFromHuggingFace({ model_type: "qwen3", vocab_size: tokenizer.vocabSize, rope_theta: 100, ...shape });
  const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  const parameters = Parameters.initialize(config, { seed: 1, embeddingStd: 0.4 });
  const engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch: 1_000 });
  const sampler = await engine.sampler({
    maxSequences: 8,
    maxLength: 256,
    vocabSize: tokenizer.vocabSize,
    textStream: () => tokenizer.streamDecoder(),
  });
  const format = hermesFormat(QWEN);
  const server = await serveOpenAI({
    sampler,
    tokenizer,
    eosTokenIds: [END],
    format,
    modelName: "m",
    port: 0,
    token: TOKEN,
    maxBodyBytes: 10_000,
    queueLimit: 64,
  });
  return {
    server,
    sampler,
    async close() {
      await server.close(0);
      expect(sampler.available).toBe(8);
      sampler.dispose();
      engine.dispose();
      parameters.dispose(); // the test's setup fails if any tensor is left
    },
  };
}

/** Bytes on a socket, which is then torn down. */
function raw(url: string, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
      socket.write(bytes);
      setTimeout(() => socket.destroy(), 2);
    });
    socket.on("error", () => {}).on("close", () => resolve());
  });
}

test("2,000 bad requests of ten kinds leave a server that answers the next good one as before", async () => {
  const { server, sampler, close } = await world();
  const url = `${server.url}/v1/chat/completions`;
  const good = async () =>
    (await fetch(url, { method: "POST", headers, body: JSON.stringify({ messages, seed: 1, max_tokens: 8 }) })).json() as Promise<{
      choices: object[];
    }>;
  const before = (await good()).choices;
  const random = new RandomStream(1, ["abuse"]);
  const statuses = new Map<number, number>();
  const send = async (init: RequestInit, path = "/v1/chat/completions"): Promise<void> => {
    const response = await fetch(`${server.url}${path}`, { method: "POST", headers, ...init });
    await response.text();
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
  };
  const aborted = async (body: object, afterMs: number): Promise<void> => {
    const gone = new AbortController();
    setTimeout(() => gone.abort(), afterMs);
    await send({ body: JSON.stringify(body), signal: gone.signal }).catch(() => {});
  };
  const kinds: readonly (() => Promise<void>)[] = [
    () => send({ body: "{".repeat(random.integer(0, 300)) }),
    () => send({ body: JSON.stringify({ messages, [random.pick(FIELDS)]: random.pick(NONSENSE), max_tokens: random.pick([1, 2, null]) }) }),
    () => send({ body: JSON.stringify({ prompt: random.pick([[1, 2], "x", [-1], [1e9], [[]], ["a", 1]]), [random.pick(FIELDS)]: random.pick(NONSENSE) }) }, "/v1/completions"), // prettier-ignore
    () => send({ body: JSON.stringify({ messages, pad: "x".repeat(20_000) }) }),
    () => send({ body: JSON.stringify({ messages: [{ role: random.pick(["user", "tool", "assistant", "x"]), content: random.pick(NONSENSE) }], max_tokens: 1 }) }), // prettier-ignore
    () =>
      send({
        body: JSON.stringify({ messages }),
        headers: { ...headers, authorization: random.pick(["", "Bearer", "Bearer x", "Basic key"]) },
      }),
    () => send({ body: JSON.stringify({ messages }) }, random.pick(["/v1/nothing", "/rollouts/x/v1/chat/completions", "/rollouts/../v1/chat/completions", "/%00", "/v1/models"])), // prettier-ignore
    () => aborted({ messages, stream: random.integer(0, 1) === 1, n: random.integer(1, 4) }, random.integer(0, 15)),
    () => raw(server.url, random.pick(["GET / HTTP/1.1\r\n", "\u0000\u0001\u0002", "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{", "x".repeat(9_000)])), // prettier-ignore
    () => send({ body: JSON.stringify({ messages, tools: [{ type: "function", function: { name: random.pick(["a", "", "<tool_call>"]), parameters: random.pick([{}, null, 1]) } }], tool_choice: random.pick(["required", "x", { type: "function", function: { name: "a" } }]), max_tokens: 2 }) }), // prettier-ignore
  ];
  for (let sent = 0; sent < 2_000; sent += 20) await Promise.all(Array.from({ length: 20 }, (_, i) => kinds[i % kinds.length]!()));
  while (server.engine.pool.stats.active > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
  for (const status of [400, 401, 404, 413]) expect(statuses.get(status)).toBeGreaterThan(50);
  expect(sampler.available + server.engine.pool.stats.kept).toBe(8);
  expect((await good()).choices).toEqual(before);
  await close();
});

test("of 200 requests at once those beyond the limit are told to come again, and all others are answered", async () => {
  const { server, sampler } = await scriptedServer(() => "ok", { maxConcurrency: 4, queueLimit: 20 });
  let release = (): void => {};
  sampler.hold = new Promise((resolve) => (release = resolve));
  let refused = 0;
  const ask = async (): Promise<number> => {
    const answer = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers,
      body: JSON.stringify({ messages, seed: 1 }),
    });
    if (answer.status === 429) {
      expect([answer.headers.get("retry-after"), await answer.text()]).toEqual(["1", expect.stringContaining("rate_limit_error")]);
      if (++refused === 176) release(); // all but 4 at work and 20 that wait
    } else expect(await answer.json()).toMatchObject({ choices: [{ message: { content: "ok" } }] });
    return answer.status;
  };
  const statuses = await Promise.all(Array.from({ length: 200 }, ask));
  expect(statuses.filter((status) => status === 200)).toHaveLength(24);
  expect(refused).toBe(176);
  await server.close(0);
});

test("an idle connection outlives the pauses of an agent", async () => {
  const { server } = await scriptedServer(() => "Hello");
  try {
    const response = await fetch(`${server.url}/health`);
    await response.text();
    expect(response.headers.get("keep-alive")).toBe("timeout=120");
  } finally {
    await server.close();
  }
});
