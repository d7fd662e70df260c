import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as data from "../src/index.js";
import { corpus, strings, trainings } from "./fixtures/corpus.mjs";

interface Vector {
  readonly ids: readonly number[];
  readonly decoded: string;
}
const path = new URL("fixtures/tokenizer-vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as Record<keyof typeof trainings, readonly Vector[]>;

test.each(["qwenSplit", "tinySplit", "wholePieces"] as const)("%s: ids and text are those of the Rust tokenizers", (name) => {
  const { split, options } = trainings[name];
  const tokenizer = data.createTokenizer(data.trainBpe(corpus, { ...options, splitPattern: data[split] }));
  strings.forEach((text, index) => {
    const { ids, decoded } = vectors[name][index]!;
    expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(decoded);
  });
});
