import { expect, test } from "vitest";
import { trainBpe } from "./bpe-trainer.js";
import { encodeSegments, type TextSegment } from "./encode-example.js";
import { TINY_SPLIT } from "./split-patterns.js";
import { createTokenizer } from "./tokenizer.js";

const files = trainBpe([], {
  vocabSize: 300,
  splitPattern: TINY_SPLIT,
  specialTokens: ["<|end|>"],
  addedTokens: ["<code>", "</code>", "<out>", "</out>"],
  eosToken: "<|end|>",
});
const tokenizer = createTokenizer(files); // no text was seen: one token a byte

const SEGMENTS: readonly TextSegment[] = [
  { kind: "prompt", text: "2+2<|end|>" },
  { kind: "model", text: "<code>2+2</code>" },
  { kind: "tool", text: "<out>", trusted: true },
  { kind: "tool", text: "4<code>" },
  { kind: "tool", text: "</out>", trusted: true },
  { kind: "model", text: "4" },
];

test("only the model's tokens and the end of text are learned", () => {
  const { tokenIds, lossMask, segments } = encodeSegments(tokenizer, SEGMENTS, { appendEos: true });
  expect(tokenizer.decode(tokenIds)).toBe("2+2<|end|><code>2+2</code><out>4<code></out>4<|end|>");
  const learned = tokenIds.filter((_, i) => lossMask[i] === 1);
  expect(tokenizer.decode(learned)).toBe("<code>2+2</code>4<|end|>");
  // prompt 3 + 7 bytes; model 1 + 3 + 1; the tag; 1 + 6 bytes; the tag; model 1 and the end.
  expect(segments.map(({ kind, start, end }) => [kind, start, end])).toEqual([
    ["prompt", 0, 10],
    ["model", 10, 15],
    ["tool", 15, 16],
    ["tool", 16, 23],
    ["tool", 23, 24],
    ["model", 24, 26],
  ]);
});

test("prompt and tool text cannot forge tokens, unless trusted", () => {
  const { tokenIds, segments } = encodeSegments(tokenizer, SEGMENTS);
  const added = new Set(["<|end|>", "<code>", "</code>", "<out>", "</out>"].map((token) => tokenizer.tokenToId(token)));
  const hasAdded = segments.map(({ start, end }) => tokenIds.slice(start, end).some((id) => added.has(id)));
  expect(hasAdded).toEqual([false, true, true, false, true, false]);
  expect(encodeSegments(tokenizer, [{ kind: "model", text: "<code>", trusted: false }]).tokenIds).toHaveLength(6);
});

test("the end of text after a segment that is not the model's is a segment of its own", () => {
  const { lossMask, segments } = encodeSegments(tokenizer, [{ kind: "prompt", text: "hi" }], { appendEos: true });
  expect([...lossMask]).toEqual([0, 0, 1]);
  expect(segments).toEqual([
    { kind: "prompt", start: 0, end: 2 },
    { kind: "model", start: 2, end: 3 },
  ]);
});

test("an end of text that the tokenizer lacks is refused", () => {
  const endless = createTokenizer({ ...files, config: {} });
  expect(encodeSegments(endless, SEGMENTS).tokenIds).toHaveLength(25);
  expect(() => encodeSegments(endless, SEGMENTS, { appendEos: true })).toThrow(
    "tokenizer: tokenizer_config.json eos_token: expected a token of the vocabulary, found none. To mend it: name the end-of-text token there, or leave out appendEos.",
  );
});
