import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { trainBpe } from "./bpe-trainer.js";
import { loadTokenizer } from "./load-tokenizer.js";
import { QWEN_SPLIT } from "./split-patterns.js";

const files = trainBpe(["one two one two"], { vocabSize: 300, splitPattern: QWEN_SPLIT, specialTokens: ["<|end|>", "<|pad|>"] });
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(contents: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
}

test("reads what was written", async () => {
  await write({ "tokenizer.json": files.tokenizer, "tokenizer_config.json": { ...files.config, eos_token: { content: "<|end|>" } } });
  const tokenizer = await loadTokenizer(folder);
  expect(tokenizer.decode(tokenizer.encode("one two"))).toBe("one two");
  expect(tokenizer.idToToken(tokenizer.eosTokenId!)).toBe("<|end|>");
  expect(tokenizer.files.tokenizer).toEqual(files.tokenizer);
});

test("control tokens come from the other files where the configuration has none", async () => {
  const pad = { "special_tokens_map.json": { pad_token: { content: "<|pad|>" } }, "chat_template.jinja": "{{ messages }}" };
  const eos = { "generation_config.json": { eos_token_id: [2, 0] } };
  await write({ "tokenizer.json": files.tokenizer, "tokenizer_config.json": { pad_token: null }, ...pad, ...eos });
  const tokenizer = await loadTokenizer(folder);
  expect(tokenizer.padTokenId).toBe(tokenizer.tokenToId("<|pad|>"));
  expect(tokenizer.eosTokenId).toBe(2);
  expect(tokenizer.files.config["chat_template"]).toBe("{{ messages }}");
});

test("works with tokenizer.json alone", async () => {
  await write({ "tokenizer.json": files.tokenizer });
  expect((await loadTokenizer(folder)).eosTokenId).toBeUndefined();
});

test("missing and unreadable files are named", async () => {
  const path = join(folder, "tokenizer.json");
  await expect(loadTokenizer(folder)).rejects.toThrow(
    `tokenizer: ${path}: expected a file, found none. To mend it: give the folder of a checkpoint that has tokenizer.json.`,
  );
  await write({ "tokenizer.json": "{ broken" });
  await expect(loadTokenizer(folder)).rejects.toThrow(`tokenizer: ${path}: expected a JSON object, found `);
  await write({ "tokenizer.json": "[]" });
  await expect(loadTokenizer(folder)).rejects.toThrow("expected a JSON object, found []. To mend it: download or save the file again.");
  await write({ "tokenizer.json": { model: 3 } });
  await expect(loadTokenizer(folder)).rejects.toThrow(
    `tokenizer: ${folder}: tokenizer.json model: expected the Hugging Face tokenizer format`,
  );
  await expect(loadTokenizer(path)).rejects.toThrow("expected a readable file, found ENOTDIR");
});
