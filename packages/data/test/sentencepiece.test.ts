import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createTokenizer, modelTokenizerFromGguf, type Tokenizer } from "../src/index.js";

interface Vector {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}
interface Fixture {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly sentencepiece: readonly Vector[];
  readonly transformers: readonly Vector[];
}
const fixture = JSON.parse(readFileSync(new URL("fixtures/sentencepiece.json", import.meta.url), "utf8")) as Fixture;

function fromGguf(changes: Readonly<Record<string, unknown>> = {}): Tokenizer {
  return modelTokenizerFromGguf(new Map(Object.entries({ ...fixture.metadata, ...changes }))).tokenizer;
}

function expectIds(tokenizer: Tokenizer, vectors: readonly Vector[]): void {
  expect(vectors.length).toBeGreaterThan(0);
  for (const { text, ids } of vectors) expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
}

function expectText(tokenizer: Tokenizer, vectors: readonly Vector[]): void {
  for (const { text, ids, decoded } of vectors) {
    expect(tokenizer.decode(ids), JSON.stringify(text)).toBe(decoded);
    const stream = tokenizer.streamDecoder();
    expect(ids.map((id) => stream.push(id)).join("") + stream.flush(), JSON.stringify(text)).toBe(decoded);
  }
}

/** Where ▁ itself stands in a text, it becomes a blank: the vocabulary has one sign for both. */
const hasSign = ({ text }: Vector) => text.includes("▁");
const control = fixture.transformers.filter(({ text }) => /<\/?s>|<\|/.test(text) && !text.includes("> "));

describe("a SentencePiece vocabulary in GGUF metadata", () => {
  const tokenizer = fromGguf();

  test("ids and text are those of sentencepiece, and text goes there and back", () => {
    expectIds(tokenizer, fixture.sentencepiece);
    expectText(tokenizer, fixture.sentencepiece);
    for (const { text } of fixture.sentencepiece.filter((vector) => !hasSign(vector))) {
      expect(tokenizer.decode(tokenizer.encode(text)), JSON.stringify(text)).toBe(text);
      expect(tokenizer.decode(tokenizer.encodeUntrusted(text))).toBe(text);
    }
  });

  test("control and added tokens are those of transformers; a tool's text cannot forge them", () => {
    expect(control.length).toBeGreaterThan(2);
    expectIds(tokenizer, control);
    for (const { text } of control) {
      const ids = tokenizer.encodeUntrusted(text);
      expect(ids.filter((id) => id <= 4 && id !== 0)).toEqual([]);
      expect(tokenizer.decode(ids)).toBe(text);
    }
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.vocabSize]).toEqual([1, 2, 520]);
    expect(tokenizer.files.config["add_bos_token"]).toBe(true);
  });

  test("without the blank that is put before the text", () => {
    const bare = fromGguf({ "tokenizer.ggml.add_space_prefix": false });
    for (const { text, ids } of fixture.sentencepiece.filter((vector) => vector.text !== "" && !hasSign(vector))) {
      expect(bare.encode(` ${text}`)).toEqual(ids);
      expect(bare.decode(ids)).toBe(` ${text}`);
    }
  });

  test("unused tokens are never made, runs of blanks of the user's are found in the text", () => {
    const types = [...(fixture.metadata["tokenizer.ggml.token_type"] as number[])];
    const the = tokenizer.tokenToId("▁the")!;
    types[the] = 5;
    expect(fromGguf({ "tokenizer.ggml.token_type": types }).encode("the")).not.toContain(the);
    const run = tokenizer.tokenToId("▁▁")!;
    types[run] = 4;
    expect(fromGguf({ "tokenizer.ggml.token_type": types }).encode("a  b")[1]).toBe(run);
  });

  test("scores that are not one a token are refused", () => {
    expect(() => fromGguf({ "tokenizer.ggml.scores": undefined })).toThrow(/tokenizer\.ggml\.scores: expected 520 scores.*found none/);
    expect(() => fromGguf({ "tokenizer.ggml.scores": [1] })).toThrow(/found 1/);
    expect(() => fromGguf({ "tokenizer.ggml.remove_extra_whitespaces": true })).toThrow(/remove_extra_whitespaces/);
  });
});

test("the same vocabulary as a Hugging Face folder gives the ids of transformers", () => {
  const tokenizer = createTokenizer({ tokenizer: fixture.tokenizer, config: fixture.config });
  expectIds(tokenizer, fixture.transformers);
  expectText(tokenizer, fixture.transformers);
});
