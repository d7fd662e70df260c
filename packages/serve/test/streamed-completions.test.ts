import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenAIServer } from "../src/index.js";
import { post, scriptedServer, tokenizer } from "./scripted-model.js";

interface Choice {
  readonly index: number;
  readonly text: string;
  readonly finish_reason: string | null;
  readonly token_ids?: readonly number[];
  readonly prompt_token_ids?: readonly number[];
  readonly logprobs: null | {
    readonly tokens: readonly string[];
    readonly token_logprobs: readonly number[];
    readonly text_offset: readonly number[];
  };
}

let server: OpenAIServer;
beforeAll(async () => void ({ server } = await scriptedServer(() => "abc Grüße 🎉 def ghi STOP no more")));
afterAll(() => server.close(0));

/** The choices of a completion, in whole or event by event. */
async function choicesOf(body: object, stream: boolean): Promise<readonly Choice[]> {
  const url = `${server.url}/v1/completions`;
  if (!stream) return ((await post(url, body)).body as { choices: Choice[] }).choices;
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...body, stream }) };
  const parts = (await (await fetch(url, init)).text()).split("\n\n").filter((part) => part.startsWith("data: {"));
  return parts.flatMap((part) => (JSON.parse(part.slice("data: ".length)) as { choices: Choice[] }).choices);
}

describe("events of a streamed completion", () => {
  test.each([
    ["that ends by itself", {}],
    ["that a stop string ends", { stop: "STOP" }],
    ["that its limit ends", { max_tokens: 7 }],
  ])("each tell their own tokens, which together are those of the whole: %s", async (_, more) => {
    const prompt = [tokenizer.encode("Hello"), tokenizer.encode("world")];
    const body = { prompt, n: 2, seed: 3, max_tokens: 60, logprobs: 0, return_token_ids: true, ...more };
    const events = await choicesOf(body, true);
    for (const { index, text, finish_reason: reason, token_ids: ids, prompt_token_ids: promptIds, logprobs } of await choicesOf(
      body,
      false,
    )) {
      const own = events.filter((event) => event.index === index);
      expect(own.length).toBeGreaterThan(3);
      expect(own.map((event) => event.text).join("")).toBe(text);
      expect(own.flatMap((event) => event.token_ids)).toEqual(ids);
      expect(own.map((event) => event.prompt_token_ids)).toEqual([promptIds, ...own.slice(1).map(() => undefined)]);
      for (const key of ["tokens", "token_logprobs", "text_offset"] as const)
        expect(own.flatMap((event): readonly unknown[] => event.logprobs![key])).toEqual(logprobs![key]);
      expect(own.map((event) => event.finish_reason)).toEqual([...own.slice(1).map(() => null), reason]);
      let [told, seen] = [0, ""];
      for (const event of own) {
        told += event.logprobs!.tokens.length;
        seen += event.text;
        expect(tokenizer.decode(ids!.slice(0, told)).startsWith(seen)).toBe(true); // a text comes with its tokens, or after them
        if (event.text !== "" && event.finish_reason === null) expect(event.logprobs!.tokens.length).toBeGreaterThan(0);
      }
    }
  });

  test("have neither unless they were asked for", async () => {
    for (const event of await choicesOf({ prompt: "Hello", max_tokens: 5 }, true)) {
      expect(event.logprobs).toBeNull();
      expect(event).not.toHaveProperty("token_ids");
    }
  });
});
