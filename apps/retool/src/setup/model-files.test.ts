import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasChatTemplate, isModel, readModelTokenizer } from "./model-files.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-files-"))));
afterAll(() => rm(folder, { recursive: true }));

test("the SentencePiece vocabulary of a GGUF file that gguf-py wrote gives the ids of sentencepiece", async () => {
  const path = new URL("../../../../packages/data/test/fixtures/sentencepiece.json", import.meta.url);
  const fixture = JSON.parse(await readFile(path, "utf8")) as { gguf: string; sentencepiece: { text: string; ids: number[] }[] };
  const file = join(folder, "vocabulary.gguf");
  await writeFile(file, Buffer.from(fixture.gguf, "base64"));
  const { tokenizer, eosTokenIds, unusedTokenIds } = await readModelTokenizer(file);
  for (const { text, ids } of fixture.sentencepiece) expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
  expect(eosTokenIds).toEqual([2]);
  expect(unusedTokenIds).toEqual([]);
});

test("a folder with config.json is a model, and so is a .gguf file that is there", async () => {
  const model = join(folder, "model");
  await mkdir(model);
  expect(await isModel(model)).toBe(false);
  await writeFile(join(model, "config.json"), "{}");
  expect(await isModel(model)).toBe(true);
  expect(await isModel(join(folder, "absent.gguf"))).toBe(false);
  await writeFile(join(folder, "there.GGUF"), "");
  expect(await isModel(join(folder, "there.GGUF"))).toBe(true);
});

test.each([
  ["chat_template.jinja", "{{ messages }}", true],
  ["tokenizer_config.json", '{"chat_template": "{{ messages }}"}', true],
  ["tokenizer_config.json", '{"chat_template": [{"name": "default"}]}', true],
  ["tokenizer_config.json", '{"chat_template": null}', false],
  ["config.json", "{}", false],
])("%s with %s: a chat template is there: %s", async (name, text, expected) => {
  const model = await mkdtemp(join(folder, "template-"));
  await writeFile(join(model, name), text);
  expect(await hasChatTemplate(model)).toBe(expected);
});
