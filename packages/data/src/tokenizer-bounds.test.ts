import { describe, expect, test } from "vitest";
import { trainBpe } from "./bpe-trainer.js";
import { QWEN_SPLIT, TINY_SPLIT } from "./split-patterns.js";
import { competingRepetitions } from "./pattern-cost.js";
import * as patterns from "./split-patterns.js";
import { hasNestedRepetition } from "./tokenizer-bounds.js";
import { createTokenizer } from "./tokenizer.js";

const files = trainBpe(["gcd of 48 and 36"], { vocabSize: 300, splitPattern: TINY_SPLIT, specialTokens: [] });
const withParts = (parts: object) => ({ ...files, tokenizer: { ...files.tokenizer, ...parts } });
const token = (id: number) => ({ id, content: `<${id}>`, special: true });
const replace = (content: string) => ({ type: "Replace", pattern: { String: "a" }, content });
const nested = (depth: number): object => (depth === 0 ? { type: "NFC" } : { type: "Sequence", normalizers: [nested(depth - 1)] });
const split = (pattern: string) => ({ type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false });

test.each([
  ["an id near 2³¹", { added_tokens: [token(2 ** 31 - 2)] }, "the token id 2147483646"],
  ["an id near 2³¹ in the vocabulary", { model: { type: "BPE", vocab: { a: 2 ** 31 - 2 }, merges: [] } }, "the token id 2147483646"],
  ["an id that is no whole number", { model: { type: "BPE", vocab: { a: 0.5 }, merges: [] } }, "the token id 0.5"],
  [
    "a normalizer that grows",
    { normalizer: { type: "Sequence", normalizers: Array.from({ length: 30 }, () => replace("aa")) } },
    "times longer",
  ],
  ["a long replacement", { normalizer: replace("a".repeat(5_000)) }, "5000 times longer"],
  ["deep nesting", { normalizer: nested(100) }, "nested deeper"],
  ["a split that never ends", { pre_tokenizer: split("(a+)+b") }, "(a+)+b"],
  [
    "repetitions that compete",
    { pre_tokenizer: split("a*a*a*b") },
    "the repetitions of a and a for the same characters, which may never end, in a*a*a*b",
  ],
  [
    "the same in a normalizer",
    { normalizer: { type: "Replace", pattern: { Regex: "\\w*\\d*!" }, content: "" } },
    "the repetitions of \\w and \\d",
  ],
  ["a pattern without end", { pre_tokenizer: split("ab|".repeat(10_000)) }, "a pattern of 30000 characters"],
])("%s is refused", (_, parts, found) => {
  expect(() => createTokenizer(withParts(parts))).toThrow(found);
});

describe("hasNestedRepetition", () => {
  test.each(["(a+)+b", "(?:a*)*", "(x(a+)y)*", "(a{2,})+", "([ab]+|c)*d", "(?:\\)+)+"])("%s", (pattern) =>
    expect(hasNestedRepetition(pattern)).toBe(true),
  );
  test.each([
    QWEN_SPLIT,
    TINY_SPLIT,
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{M}]*[\\p{Ll}\\p{M}]+(?i:'s|'t)?|\\p{N}{1,3}",
    " ?[^(\\s|[.,!?…。，、।۔،])]+",
    "[(+]+",
    "\\(+\\)+",
    "(ab)+",
    "(a+)b",
    "(a+){2}",
  ])("not %s", (pattern) => expect(hasNestedRepetition(pattern)).toBe(false));
});

describe("competingRepetitions", () => {
  test.each([
    "a*a*b",
    "a*a*a*b",
    "x|a+[a-z]+!",
    "(?:a+|b)(c|[ab]*)d",
    "\\s*\\n*(?=x)",
    "\\p{L}+\\p{Ll}*\\d",
    ".*.*=.*",
    "(?=a*a*b)",
    "(?i:a*)A*a*$",
    "a{2,}a{3,}b",
    "(ab)*(ba)*c",
  ])("%s", (pattern) => expect(competingRepetitions(pattern)).toBeDefined());

  test.each([
    ...Object.values(patterns as Record<string, unknown>).filter((value): value is string => typeof value === "string"),
    // GPT-2, Llama 3, o200k, DeepSeek V3, StarCoder's digits, Tekken with possessive counts.
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "\\p{N}{1,3}(?=(?:\\p{N}{3})*(?:\\P{N}|$))",
    "[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
    "[0-9]+[a-z]+!",
    "a*b",
  ])("not %s", (pattern) => expect(competingRepetitions(pattern)).toBeUndefined());
});
