import { expect, test } from "vitest";
import { BYTE_LETTERS, fromByteLetters } from "./byte-letters.js";
import { exactSplits } from "./exact-splits.js";
import { createTokenizer } from "./tokenizer.js";

const byteLevel = { type: "ByteLevel", add_prefix_space: false, use_regex: true };
const digits = (individual_digits: boolean) => ({ type: "Digits", individual_digits });

/** The pieces that a vocabulary sees in which every piece that is expected is a token. */
function pieces(preTokenizer: object, text: string, expected: readonly string[]): string[] {
  const letters = (piece: string) => Array.from(new TextEncoder().encode(piece), (byte) => BYTE_LETTERS[byte]!).join("");
  const tokens = [...new Set([...BYTE_LETTERS, ...expected.map(letters)])];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const model = { type: "BPE", vocab, merges: [], ignore_merges: true };
  const tokenizer = createTokenizer({ tokenizer: { model, pre_tokenizer: preTokenizer, decoder: byteLevel }, config: {} });
  return tokenizer
    .encode(text)
    .map((id) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(fromByteLetters(tokenizer.idToToken(id)!)));
}

// Expected: `tokenizers` 0.23.3, Sequence([Digits(...), ByteLevel(False)]).pre_tokenize_str.
const TEXT = "x½ 12① \ufeff\n\n\ufeff a\u0085b\u0085\u0085 c";
const BLANKS = [" \ufeff", "\n", "\n", "\ufeff", " a", "\u0085", "b", "\u0085\u0085", " c"];

test("numeric characters and white space are those of Unicode", () => {
  const alone = ["x", "½", " ", "1", "2", "①", ...BLANKS];
  expect(pieces({ type: "Sequence", pretokenizers: [digits(true), byteLevel] }, TEXT, alone)).toEqual(alone);
  const together = ["x", "½", " ", "12①", ...BLANKS];
  expect(pieces({ type: "Sequence", pretokenizers: [digits(false), byteLevel] }, TEXT, together)).toEqual(together);
});

test("other steps, and none, stay as they are", () => {
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: false };
  expect(exactSplits(metaspace)).toBe(metaspace);
  expect(exactSplits(null)).toBeNull();
  const prefixed = { ...byteLevel, add_prefix_space: true };
  expect(exactSplits(prefixed)).toBe(prefixed);
});
