import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Tokenizer } from "@retool-ts/data";
import { afterEach, describe, expect, test } from "vitest";
import type { OpenAIServer } from "../src/index.js";
import { call, post, scriptedServer, tokenizer } from "./scripted-model.js";

const servers: OpenAIServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

const messages = [{ role: "user", content: "Hi" }];
const LONG = 3_000_000;
const letters = Array.from({ length: LONG }, (_, i) => String.fromCharCode(97 + ((i * i * 7 + i) % 26))).join("");
const tool = (name: string, parameters: object = {}) => ({ type: "function", function: { name, parameters } });
const nested = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
const called = (input: string) => [...messages, { role: "assistant", content: null, tool_calls: [{ id: "a", type: "function", function: { name: "x", arguments: input } }] }, ...messages]; // prettier-ignore

/** A tokenizer that counts what it is given to encode: the work that holds up everyone else. */
function counting(): { readonly tokenizer: Tokenizer; readonly work: { characters: number } } {
  const work = { characters: 0 };
  const get = (target: Tokenizer, name: keyof Tokenizer): unknown => {
    const value: unknown = Reflect.get(target, name, target);
    if (typeof value !== "function") return value;
    return (...args: unknown[]): unknown => {
      if (name === "encode" || name === "encodeUntrusted") work.characters += (args[0] as string).length;
      return Reflect.apply(value, target, args) as unknown;
    };
  };
  return { tokenizer: new Proxy(tokenizer, { get: (target, name) => get(target, name as keyof Tokenizer) }), work };
}

describe("a request that is too much is refused before work is spent on it", () => {
  test.each<[string, object, string]>([
    ["one long word", { messages: [{ role: "user", content: letters }] }, "messages"],
    ["a long word of just less than is looked at", { messages: [{ role: "user", content: letters.slice(0, 250_000) }] }, "messages"],
    ["words", { messages: [{ role: "user", content: "a b c ".repeat(LONG / 6) }] }, "messages"],
    ["blanks", { messages: [{ role: "user", content: " ".repeat(LONG) }] }, "messages"],
    ["a long reply of the past", { messages: [...messages, { role: "assistant", content: letters.slice(0, 250_000) }, ...messages] }, "messages"],
    ["many short messages", { messages: Array.from({ length: 60_000 }, () => ({ role: "user", content: "" })) }, "messages"],
    ["many messages of some length", { messages: Array.from({ length: 2_000 }, (_, i) => ({ role: "user", content: letters.slice(100 * i, 100 * i + 100) })) }, "messages"],
    ["many parts", { messages: [{ role: "user", content: Array.from({ length: 80_000 }, () => ({ type: "text", text: "" })) }] }, "messages"],
    ["many tools", { messages, tools: Array.from({ length: 30_000 }, (_, i) => tool(`t${i}`)) }, "tools"],
    ["a tool with a schema as long as a book", { messages, tools: [tool("t", { description: letters })] }, "tools"],
    ["a tool with a wide schema", { messages, tools: [tool("t", Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, 1])))] }, "tools"],
    ["many variables", { messages, chat_template_kwargs: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, 1])) }, "chat_template_kwargs"],
    ["calls with long arguments", { messages: called(JSON.stringify({ a: letters })) }, "messages"],
    ["stop strings as long as books", { messages, stop: [letters] }, "stop[0]"],
    ["many stop strings", { messages, stop: Array.from({ length: 1_000 }, () => "x") }, "stop"],
    ["more choices than there are sequences", { messages, n: 100 }, "n"],
    ["a long prompt", { prompt: letters }, "prompt"],
    ["long prompts", { prompt: Array.from({ length: 60 }, () => letters.slice(0, 40_000)) }, "prompt"],
  ])("%s", async (_, body, param) => {
    const { tokenizer: counted, work } = counting();
    const { server } = await scriptedServer(() => "ok", { tokenizer: counted, sampler: { maxLength: 1_024 } });
    servers.push(server);
    const rollout = server.openRollout({ problemId: "p", sampleIndex: 0, seed: 1, step: 0 });
    const path = "prompt" in body ? "completions" : "chat/completions";
    for (const base of path === "completions" ? [`${server.url}/v1`] : [`${server.url}/v1`, rollout.baseURL]) {
      work.characters = 0;
      expect(await post(`${base}/${path}`, body)).toMatchObject({ status: 400, body: { error: { param, type: "invalid_request_error" } } });
      expect(work.characters).toBeLessThan(40 * 1_024);
      expect((await post(`${server.url}/v1/chat/completions`, { messages })).status).toBe(200);
    }
  }); // prettier-ignore

  test("a prompt that fits passes, however long its characters and tools are", async () => {
    const { server, sampler } = await scriptedServer(() => "ok", { sampler: { maxLength: 40_000 } });
    servers.push(server);
    const content = "The sum of all the numbers. ".repeat(2_000);
    const tools = Array.from({ length: 50 }, (_, i) => tool(`t${i}`, { type: "object", properties: { key: { type: "string", description: "A key." } } })); // prettier-ignore
    expect((await post(`${server.url}/v1/chat/completions`, { messages: [{ role: "user", content }], tools })).status).toBe(200);
    expect(tokenizer.decode(sampler.decoded[0]!.promptIds)).toContain(content);
  });
});

describe("depth", () => {
  test("of a body is refused, and of a call's arguments makes them text", async () => {
    const { server, sampler } = await scriptedServer(() => "ok", { sampler: { maxLength: 100_000 } });
    servers.push(server);
    const url = `${server.url}/v1/chat/completions`;
    const deep = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: `{"messages":${nested(200)}}` });
    expect(deep.status).toBe(400);
    const rollout = server.openRollout({ problemId: "p", sampleIndex: 0, seed: 1, step: 0 });
    for (const base of [`${server.url}/v1`, rollout.baseURL])
      expect((await post(`${base}/chat/completions`, { messages: called(nested(20_000)) })).status).toBe(200);
    expect(tokenizer.decode(sampler.decoded[0]!.promptIds)).toContain("[".repeat(20_000));
  });

  test("of a call that the model writes is no fault of the server", async () => {
    const { server } = await scriptedServer(() => call("x", "@").replace('"@"', nested(20_000)), { sampler: { maxLength: 100_000 } });
    servers.push(server);
    const { status, body } = await post(`${server.url}/v1/chat/completions`, { messages, tools: [tool("x")] });
    expect([status, JSON.stringify(body).includes("[[[[")]).toEqual([200, true]);
  }, 60_000);
});

describe("while some dawdle, others are answered", () => {
  const opened: Socket[] = [];
  afterEach(() => opened.splice(0).forEach((socket) => socket.destroy()));

  async function send(url: string, bytes: string): Promise<Socket> {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    opened.push(socket.on("error", () => {}));
    await once(socket, "connect");
    socket.write(bytes);
    return socket;
  }

  test("200 bodies that come slowly take no place of a request", async () => {
    const { server } = await scriptedServer(() => "ok", { maxConcurrency: 1, queueLimit: 0 });
    servers.push(server);
    const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n";
    for (let i = 0; i < 200; i++) await send(server.url, `${head}{"messages": [`);
    for (let i = 0; i < 5; i++) expect((await post(`${server.url}/v1/chat/completions`, { messages })).status).toBe(200);
  });

  test("a flood of headers is refused", async () => {
    const { server } = await scriptedServer(() => "ok");
    servers.push(server);
    const flood = Array.from({ length: 2_000 }, (_, i) => `x-${i}: ${"y".repeat(20)}\r\n`).join("");
    const socket = await send(server.url, `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${flood}\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 431/);
    expect((await post(`${server.url}/v1/chat/completions`, { messages })).status).toBe(200);
  });

  test("one that asks for all choices at once leaves places for others", async () => {
    const { server, sampler } = await scriptedServer(() => "word ".repeat(40), { sampler: { size: 4 } });
    servers.push(server);
    let release = (): void => {};
    sampler.hold = new Promise((resolve) => (release = resolve));
    const greedy = post(`${server.url}/v1/chat/completions`, { messages, n: 4, seed: 1 });
    while (server.engine.pool.stats.active === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const modest = post(`${server.url}/v1/chat/completions`, { messages, seed: 2, max_tokens: 1 });
    while (server.engine.pool.stats.active < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    release();
    expect((await modest).status).toBe(200);
    expect((await greedy).body).toMatchObject({ choices: { length: 4 } });
    expect(sampler.decoded.map(({ turn }) => turn.tokenIds.length).indexOf(1)).toBe(0); // it did not wait for them
  });
});
