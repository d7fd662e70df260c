import { afterEach, describe, expect, test } from "vitest";
import { streamKey, uniformAt } from "@retool-ts/core";
import { renderChat } from "@retool-ts/data";
import { END, post, QWEN, scriptedServer, tokenizer, type Script } from "./scripted-model.js";
import type { OpenAIServer } from "../src/index.js";

const servers: OpenAIServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

async function serve(script: Script) {
  const made = await scriptedServer(script);
  servers.push(made.server);
  return { ...made, chat: (body: object) => post(`${made.server.url}/v1/chat/completions`, body) };
}

const user = { role: "user", content: "Hi" };
const reply = { role: "assistant", content: "Hello!" };
const more = { role: "user", content: "Bye" };
const letters = [...[..."Hello!"].flatMap((letter) => tokenizer.encode(letter)), END]; // not as the tokenizer would write it
const before = tokenizer.encode(renderChat(QWEN, [{ role: "user", content: "Hi" }], { addGenerationPrompt: true }));
const behind = tokenizer.encode("\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n");

describe("a conversation whose tokens the client knows", () => {
  test("goes on behind them, and only what is new is encoded", async () => {
    const { chat, sampler } = await serve(() => "Bye!");
    const body = { messages: [user, reply, more], return_token_ids: true };
    const { status, body: known } = await chat({ ...body, prefix_token_ids: [...before, ...letters] });
    expect(status).toBe(200);
    expect(known).toMatchObject({ prompt_token_ids: [...before, ...letters, ...behind] });
    expect(sampler.decoded[0]!.promptIds).toEqual([...before, ...letters, ...behind]);
    const { body: unknown } = await chat(body);
    expect(unknown).toMatchObject({ prompt_token_ids: [...before, ...tokenizer.encode("Hello!"), END, ...behind] });
  });

  test.each([
    ["no reply that they end with", { messages: [user], prefix_token_ids: [1] }, "expected a message of the assistant"],
    ["an id beyond the vocabulary", { messages: [user, reply, more], prefix_token_ids: [9_999] }, `expected token ids below`],
    ["half an id", { messages: [user, reply, more], prefix_token_ids: [0.5] }, "prefix_token_ids[0]"],
    ["more of them than fit", { messages: [user, reply, more], prefix_token_ids: Array(5_000).fill(1) }, "5"],
  ])("is refused with %s", async (_, body, message) => {
    const { chat } = await serve(() => "Bye!");
    const { status, body: error } = await chat(body);
    expect(status).toBe(400);
    expect((error as { error: { message: string } }).error.message).toContain(message);
  });
});

describe("random numbers named by the client", () => {
  test("are those of the key; further choices have others", async () => {
    const { chat, sampler } = await serve(() => "Bye!");
    const key = streamKey(7, ["rollout", 0, "p", 1]);
    await chat({ messages: [user], noise_key: key, seed: 1, n: 2 });
    const [first, second] = sampler.decoded.map(({ uniform }) => [0, 1, 2].map((place) => uniform(place)));
    expect(first).toEqual([0, 1, 2].map((place) => uniformAt(key, place)));
    expect(second).not.toEqual(first);
  });

  test.each([[[1]], [[1, -1]], [[1, 2 ** 32]], ["key"]])("are refused by %j", async (noiseKey) => {
    const { chat } = await serve(() => "Bye!");
    const { status, body } = await chat({ messages: [user], noise_key: noiseKey });
    expect([status, (body as { error: { param: string } }).error.param]).toEqual([400, expect.stringContaining("noise_key")]);
  });

  test("and known tokens are what the list of models tells, and no business of a rollout's agent", async () => {
    const { server } = await serve(() => "Bye!");
    const list = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { extensions: string[] }[] };
    expect(list.data[0]!.extensions).toEqual(["noise_key", "prefix_token_ids"]);
    const { baseURL } = server.openRollout({ problemId: "p", sampleIndex: 0, seed: 1, step: 0 });
    for (const [field, value] of Object.entries({ noise_key: [1, 2], prefix_token_ids: [1] })) {
      const { status, body } = await post(`${baseURL}/chat/completions`, { messages: [user, reply, more], [field]: value });
      expect([status, (body as { error: { param: string } }).error.param]).toEqual([400, field]);
    }
  });
});
