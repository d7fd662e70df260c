import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readModelTokenizer } from "./model-files.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-files-"))));
afterAll(() => rm(folder, { recursive: true }));

test("the SentencePiece vocabulary of a GGUF file that gguf-py wrote gives the ids of sentencepiece", async () => {
  const path = new URL("../../../packages/data/test/fixtures/sentencepiece.json", import.meta.url);
  const fixture = JSON.parse(await readFile(path, "utf8")) as { gguf: string; sentencepiece: { text: string; ids: number[] }[] };
  const file = join(folder, "vocabulary.gguf");
  await writeFile(file, Buffer.from(fixture.gguf, "base64"));
  const { tokenizer, eosTokenIds, unusedTokenIds } = await readModelTokenizer(file);
  for (const { text, ids } of fixture.sentencepiece) expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
  expect(eosTokenIds).toEqual([2]);
  expect(unusedTokenIds).toEqual([]);
});
