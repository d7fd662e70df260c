import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { trainBpe } from "./bpe-trainer.js";
import { QWEN_SPLIT, TINY_SPLIT } from "./split-patterns.js";
import { createTokenizer, type Tokenizer } from "./tokenizer.js";

const TEXTS = [
  "What is the gcd of 48 and 36? Give the answer as \\boxed{12}.",
  "<code>\nconst x = gcd(48, 36);\nprint(x);\n</code>",
  "The sum of 17 + 25 is \\boxed{42}. Größe, naïve, 数学, 🧮!",
];
const SPECIAL = ["<|end|>", "<|pad|>"];
const TAGS = ["<code>", "</code>", "<interpreter>", "</interpreter>"];

const trained = {
  bpe: createTokenizer(
    trainBpe([...TEXTS, ...TEXTS], {
      vocabSize: 340,
      splitPattern: QWEN_SPLIT,
      specialTokens: SPECIAL,
      addedTokens: TAGS,
      eosToken: "<|end|>",
      padToken: "<|pad|>",
    }),
  ),
  whole: createTokenizer(
    trainBpe([...TEXTS, ...TEXTS], {
      vocabSize: 400,
      splitPattern: TINY_SPLIT,
      specialTokens: SPECIAL,
      addedTokens: TAGS,
      wholePreTokens: true,
    }),
  ),
};

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc
    .array(fc.constantFrom(...SPECIAL, ...TAGS, "gcd", " of ", "4", "\\boxed{", "\n", "  ", "<|", "code>"), { maxLength: 12 })
    .map((parts) => parts.join("")),
);

describe.each(Object.entries(trained))("%s tokenizer", (_, tokenizer) => {
  test("decode gives back what was encoded", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
        expect(tokenizer.decode(Int32Array.from(tokenizer.encodeUntrusted(text)))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test("untrusted text never makes an added token", () => {
    const control = new Set([...SPECIAL, ...TAGS].map((token) => tokenizer.tokenToId(token)));
    fc.assert(fc.property(anyText, (text) => !tokenizer.encodeUntrusted(text).some((id) => control.has(id))));
  });

  test("the streamed pieces are the decoded text", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizer.vocabSize + 20)), fc.boolean(), (ids, skipSpecialTokens) => {
        const stream = tokenizer.streamDecoder({ skipSpecialTokens });
        const streamed = ids.map((id) => stream.push(id)).join("") + stream.flush();
        expect(streamed).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      }),
      { numRuns: 500 },
    );
  });
});

function streamPieces(tokenizer: Tokenizer, ids: readonly number[]): string[] {
  const stream = tokenizer.streamDecoder();
  return [...ids.map((id) => stream.push(id)), stream.flush()];
}

test("a code point that spans tokens comes out whole, with its last token", () => {
  const ids = trained.whole.encode("🤖"); // not in the training texts: one token for each of its four bytes
  expect(streamPieces(trained.whole, ids)).toEqual(["", "", "", "🤖", ""]);
  expect(streamPieces(trained.whole, ids.slice(0, 3))).toEqual(["", "", "", "\ufffd"]);
});

test("added tokens are whole in trusted text and are control tokens only when special", () => {
  const { bpe } = trained;
  const ids = bpe.encode("<code>x</code><|end|>");
  expect(ids).toEqual([bpe.tokenToId("<code>"), bpe.tokenToId("x"), bpe.tokenToId("</code>"), bpe.eosTokenId]);
  expect(ids.map((id) => bpe.isSpecial(id))).toEqual([false, false, false, true]);
  expect(bpe.decode(ids, { skipSpecialTokens: true })).toBe("<code>x</code>");
  expect(bpe.idToToken(bpe.padTokenId!)).toBe("<|pad|>");
  expect(bpe.bosTokenId).toBeUndefined();
  expect(bpe.tokenToId("</interpreter>")).toBe(bpe.vocabSize - 1);
});

test("nothing and unknown ids decode to nothing", () => {
  expect(trained.bpe.encode("")).toEqual([]);
  expect(trained.bpe.encodeUntrusted("")).toEqual([]);
  expect(trained.bpe.decode([])).toBe("");
  expect(trained.bpe.decode([trained.bpe.vocabSize + 7])).toBe("");
  expect(trained.bpe.idToToken(trained.bpe.vocabSize)).toBeUndefined();
  expect(trained.bpe.tokenToId("no such token")).toBeUndefined();
});

test("blanks before signs survive decoding", () => {
  expect(trained.bpe.decode(trained.bpe.encode("so , what ? he 's here ."))).toBe("so , what ? he 's here .");
});

test("the tiny split keeps digits alone and bare, and needs no blank of its own", () => {
  const pieces = (text: string) => trained.whole.encode(text).map((id) => trained.whole.decode([id]));
  expect(pieces("gcd of 48 and 36")).toEqual([..."gcd", " of ", "4", "8", " and ", "3", "6"]);
  expect(pieces(" is \\boxed{42}.")).toEqual([" is", " \\boxed{", "4", "2", "}."]);
});

test("files that are not a tokenizer are refused with the place", () => {
  expect(() => createTokenizer({ tokenizer: {}, config: {} })).toThrow(
    /tokenizer: files: tokenizer.json model: expected the Hugging Face tokenizer format/,
  );
  expect(() =>
    createTokenizer({ tokenizer: { ...trained.bpe.files.tokenizer, normalizer: { type: "Magic" } }, config: {} }, "here"),
  ).toThrow(/here: tokenizer.json: expected a tokenizer that @huggingface\/tokenizers can run, found .*Magic/);
  expect(() => createTokenizer({ ...trained.bpe.files, config: { eos_token: 5 } }, "here")).toThrow(
    /here: tokenizer_config.json eos_token/,
  );
});
