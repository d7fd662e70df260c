import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { trainBpe } from "./bpe-trainer.js";
import { loadModelTokenizer } from "./load-model-tokenizer.js";
import { modelTokenizerFromGguf } from "./model-tokenizer.js";
import { QWEN_SPLIT } from "./split-patterns.js";

const specialTokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|stop|>", "<|reserved_special_token_0|>", "<tool_call>"];
const files = trainBpe(["one two one two"], { vocabSize: 300, splitPattern: QWEN_SPLIT, specialTokens });
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "model-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(contents: Readonly<Record<string, unknown>>): Promise<void> {
  const all: Readonly<Record<string, unknown>> = { "tokenizer.json": files.tokenizer, "tokenizer_config.json": {}, ...contents };
  for (const [name, content] of Object.entries(all)) {
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
}

test("ends of a response are those stated, and the ends of turn and text that the vocabulary has", async () => {
  await write({});
  const before = await loadModelTokenizer(folder);
  const id = (token: string) => before.tokenizer.tokenToId(token)!;
  expect(before.eosTokenIds.toSorted()).toEqual([id("<|im_end|>"), id("<|endoftext|>")].toSorted());
  await write({ "generation_config.json": { eos_token_id: [id("<|stop|>"), id("<|im_end|>")] } });
  const stated = (await loadModelTokenizer(folder)).eosTokenIds;
  expect(stated.toSorted()).toEqual([id("<|stop|>"), id("<|im_end|>"), id("<|endoftext|>")].toSorted());
});

test("config.json states the end where no generation config does", async () => {
  await write({ "config.json": { eos_token_id: 3 } });
  expect((await loadModelTokenizer(folder)).eosTokenIds).toContain(3);
});

test("reserved tokens and ids without a token are never sampled; others may be", async () => {
  const hole = { id: 310, content: "<|late|>", special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
  const added = [...(files.tokenizer["added_tokens"] as object[]), hole];
  await write({ "tokenizer.json": { ...files.tokenizer, added_tokens: added } });
  const { tokenizer, unusedTokenIds } = await loadModelTokenizer(folder);
  expect(tokenizer.vocabSize).toBe(311);
  expect(unusedTokenIds).toContain(tokenizer.tokenToId("<|reserved_special_token_0|>"));
  expect(unusedTokenIds).toContain(309);
  for (const token of ["<|im_end|>", "<tool_call>", "<|late|>"]) expect(unusedTokenIds).not.toContain(tokenizer.tokenToId(token));
});

test("the chat template is a text, a named one of several, or a file of its own", async () => {
  const templateOf = async (config: object, contents: object = {}) => {
    await write({ "tokenizer_config.json": config, ...contents });
    return (await loadModelTokenizer(folder)).chatTemplate;
  };
  expect(await templateOf({})).toBeUndefined();
  expect(await templateOf({ chat_template: "a" })).toBe("a");
  const named = [
    { name: "rag", template: "r" },
    { name: "default", template: "d" },
  ];
  expect(await templateOf({ chat_template: named })).toBe("d");
  expect(await templateOf({ chat_template: [...named, { name: "tool_use", template: "t" }] })).toBe("t");
  await expect(templateOf({ chat_template: 3 })).rejects.toThrow("expected a Jinja template, or a list of { name, template }, found 3");
  expect(await templateOf({}, { "chat_template.jinja": "file" })).toBe("file");
});

test("a GGUF file's metadata says the same", () => {
  const metadata = new Map<string, unknown>([
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", "smollm"],
    ["tokenizer.ggml.tokens", ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "a", "b", "ab", "<|reserved_1|>"]],
    ["tokenizer.ggml.token_type", [3, 3, 3, 1, 1, 1, 3]],
    ["tokenizer.ggml.merges", ["a b"]],
    ["tokenizer.ggml.eos_token_id", 2],
    ["tokenizer.chat_template", "{{ messages }}"],
  ]);
  const { tokenizer, chatTemplate, eosTokenIds, unusedTokenIds } = modelTokenizerFromGguf(metadata);
  expect(tokenizer.encode("ab<|im_end|>")).toEqual([5, 2]);
  expect([chatTemplate, eosTokenIds.toSorted(), unusedTokenIds]).toEqual(["{{ messages }}", [0, 2], [6]]);
});
