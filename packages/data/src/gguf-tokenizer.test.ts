import { InputError } from "@retool-ts/core";
import { describe, expect, test } from "vitest";
import { BYTE_LETTERS, toByteLetters } from "./byte-letters.js";
import { tokenizerFromGguf } from "./gguf-tokenizer.js";
import { createTokenizer } from "./tokenizer.js";

const SPECIAL = ["<|im_start|>", "<|im_end|>"];
/** Bytes, then these; each is merged from two that come before it. */
const MERGED = ["12", "123", "ab", "abc", " a", " abc", "e\u0301", "é"];

/** Metadata of a small byte-level vocabulary. */
function metadata(pre: string, changes: Readonly<Record<string, unknown>> = {}): Map<string, unknown> {
  const merges = ["1 2", "12 3", "a b", "ab c", "Ġ a", "Ġ abc", `e ${toByteLetters("\u0301")}`, "Ã ©"];
  const words = [...BYTE_LETTERS, ...MERGED.map(toByteLetters)];
  const tokens = [...words, ...SPECIAL, "<tool_call>", "[PAD]"];
  return new Map<string, unknown>(
    Object.entries({
      "general.architecture": "llama",
      "llama.context_length": 64,
      "tokenizer.ggml.model": "gpt2",
      "tokenizer.ggml.pre": pre,
      "tokenizer.ggml.tokens": tokens,
      "tokenizer.ggml.token_type": [...words.map(() => 1), 3, 3, 4, 5],
      "tokenizer.ggml.merges": merges,
      "tokenizer.ggml.eos_token_id": words.length + 1,
      "tokenizer.chat_template": "{{ messages }}",
      ...changes,
    }).filter(([, value]) => value !== undefined),
  );
}

function pieces(pre: string, text: string): string[] {
  const tokenizer = createTokenizer(tokenizerFromGguf(metadata(pre)));
  const ids = tokenizer.encode(text);
  expect(tokenizer.decode(ids)).toBe(text.normalize(pre === "qwen2" ? "NFC" : undefined));
  return ids.map((id) => tokenizer.decode([id]));
}

describe("tokenizerFromGguf", () => {
  test("splits text as the named models do", () => {
    expect(pieces("gpt-2", "1234 abc")).toEqual(["123", "4", " abc"]);
    expect(pieces("smollm", "1234 abc")).toEqual(["1", "2", "3", "4", " abc"]); // digits stand alone
    expect(pieces("qwen2", "1234 abc")).toEqual(["1", "2", "3", "4", " abc"]);
    expect(pieces("llama-bpe", "1234 abc")).toEqual(["123", "4", " abc"]); // three digits at most
    expect(pieces("llama-bpe", "abcabc")).toEqual(["abc", "abc"]);
  });

  test("Qwen composes accents first", () => {
    expect(pieces("qwen2", "e\u0301")).toEqual(["é"]);
  });

  test("control tokens, added tokens, padding of the vocabulary and the template", () => {
    const files = tokenizerFromGguf(metadata("smollm"));
    const tokenizer = createTokenizer(files);
    const size = 256 + MERGED.length;
    expect(tokenizer.encode("<|im_start|>ab<tool_call><|im_end|>")).toEqual([size, 258, size + 2, size + 1]);
    expect([size, size + 1, size + 2].map((id) => tokenizer.isSpecial(id))).toEqual([true, true, false]);
    expect(tokenizer.vocabSize).toBe(size + 3); // not [PAD]
    expect(tokenizer.encodeUntrusted("<|im_end|>")).not.toContain(size + 1);
    expect(tokenizer.eosTokenId).toBe(size + 1);
    expect(files.config).toMatchObject({ chat_template: "{{ messages }}", model_max_length: 64 });
    expect(files.config).not.toHaveProperty("pad_token");
  });

  test("texts of Llama 3 begin with the beginning of text, unless the file says otherwise", () => {
    const begins = (pre: string, changes = {}) => tokenizerFromGguf(metadata(pre, changes)).config["add_bos_token"];
    expect([begins("llama-bpe"), begins("qwen2"), begins("llama-bpe", { "tokenizer.ggml.add_bos_token": false })]).toEqual([
      true,
      undefined,
      false,
    ]);
  });

  const refused: readonly (readonly [string, object, RegExp])[] = [
    ["no tokens", { "tokenizer.ggml.tokens": undefined }, /tokenizer\.ggml\.tokens/],
    ["another kind of vocabulary", { "tokenizer.ggml.model": "t5" }, /tokenizer\.ggml\.model: .*byte-level.*SentencePiece/],
    ["no merges", { "tokenizer.ggml.merges": undefined }, /tokenizer\.ggml\.merges: .*found none/],
    ["another way to split", { "tokenizer.ggml.pre": "constructor" }, /tokenizer\.ggml\.pre: expected one of gpt-2.*found constructor/],
    ["a merge of three", { "tokenizer.ggml.merges": ["a b c"] }, /tokenizer\.ggml\.merges\.0/],
    ["types of other tokens", { "tokenizer.ggml.token_type": [1, 1] }, /entries, one a token, found 2/],
    ["an end beyond the vocabulary", { "tokenizer.ggml.eos_token_id": 9999 }, /eos_token_id: expected an id below 268, found 9999/],
  ];
  test.each(refused)("%s is refused", (_, changes, message) => {
    const convert = () => tokenizerFromGguf(metadata("smollm", { ...changes }), "model.gguf");
    expect(convert).toThrow(InputError);
    expect(convert).toThrow(message);
  });
});
