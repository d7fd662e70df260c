import { afterEach, describe, expect, test } from "vitest";
import { chatServer, completion, type ChatAnswer, type ChatServer } from "../../test/chat-server.js";
import { askChat } from "./chat-endpoint.js";

let server: ChatServer | undefined;
afterEach(() => server?.close());

/** Asks a server that has trouble at first; every wait is short. */
async function ask(trouble: ChatAnswer, times: number, retries = 2, timeoutMs = 5_000) {
  server = await chatServer((_, index) => (index < times ? trouble : completion("fine")));
  const endpoint = { url: server.url, apiKeyEnv: "KEY", timeoutMs, retries, retryDelayMs: 1, signal: new AbortController().signal };
  const reply = await askChat({ model: "m", messages: [{ role: "user", content: "hi" }], temperature: 0 }, endpoint);
  return { reply, tries: server.seen.length };
}

const status = (code: number, headers: Readonly<Record<string, string>> = {}): ChatAnswer => ({ status: code, body: "no", headers });

describe("askChat", () => {
  test.each([408, 429, 500, 503, 599])("status %i is tried again", async (code) => {
    expect(await ask(status(code), 1)).toEqual({ reply: { status: "ok", text: "fine", isWhole: true }, tries: 2 });
  });

  test("so many further tries as are allowed, and no more", async () => {
    expect(await ask(status(500), 2, 2)).toMatchObject({ reply: { status: "ok" }, tries: 3 });
    expect(await ask(status(500), 9, 2)).toEqual({ reply: { status: "failed", reason: "status 500" }, tries: 3 });
    expect(await ask(status(500), 9, 0)).toMatchObject({ reply: { status: "failed" }, tries: 1 });
  });

  test("a request that is refused is not tried again", async () => {
    expect(await ask(status(400), 9)).toEqual({ reply: { status: "failed", reason: "status 400: no" }, tries: 1 });
    await expect(ask(status(404), 9)).rejects.toThrow("check the address and the model (m)");
  });

  test.each([
    ["seconds", "0.3"],
    ["a date", new Date(Date.now() + 4_000).toUTCString()], // whole seconds, of which some go by before it is read
  ])("waits as long as it is asked to, in %s", async (_, wait) => {
    const began = performance.now();
    expect(await ask(status(429, { "retry-after": wait }), 1)).toMatchObject({ tries: 2 });
    expect(performance.now() - began).toBeGreaterThan(290);
  });

  test("a date that is past is no wait", async () => {
    expect(await ask(status(429, { "retry-after": new Date(0).toUTCString() }), 1)).toMatchObject({ tries: 2 });
  });

  test("a time limit beyond what a timer holds is none", async () => {
    expect(await ask(status(500), 0, 0, 1e15)).toMatchObject({ reply: { status: "ok" } });
  });

  test("a reply that the token limit cut off says so", async () => {
    expect((await ask(completion("half", "length"), 1)).reply).toEqual({ status: "ok", text: "half", isWhole: false });
  });
});
