import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTokenizer, type Tokenizer } from "./tokenizer.js";

// Three small tokenizers of the kinds that are not byte-level, written out by hand.

const control = (id: number, content: string) => ({ id, content, special: true, normalized: false });
const vocabOf = (tokens: readonly string[]) => Object.fromEntries(tokens.map((token, id) => [token, id]));

/** As Llama 2's: blanks as ▁, unknown characters in byte tokens; the control tokens are in the model's vocabulary too. */
function metaspaceTokenizer(): Tokenizer {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const vocab = vocabOf(["<unk>", "<s>", "</s>", ...bytes, "▁", "a", "b", "▁a", "▁b", "ab", "▁ab", "▁▁"]);
  const merges = ["a b", "▁ ab", "▁ a", "▁ b", "▁ ▁"];
  return createTokenizer({
    tokenizer: {
      added_tokens: [control(0, "<unk>"), control(1, "<s>"), control(2, "</s>"), { id: 266, content: "▁▁", normalized: false }],
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "Prepend", prepend: "▁" },
          { type: "Replace", pattern: { String: " " }, content: "▁" },
        ],
      },
      model: { type: "BPE", vocab, merges, unk_token: "<unk>", fuse_unk: true, byte_fallback: true },
      decoder: {
        type: "Sequence",
        decoders: [
          { type: "Replace", pattern: { String: "▁" }, content: " " },
          { type: "ByteFallback" },
          { type: "Fuse" },
          { type: "Strip", content: " ", start: 1, stop: 0 },
        ],
      },
    },
    config: { eos_token: "</s>", bos_token: { content: "<s>" } },
  });
}

function wordPieceTokenizer(cleanUp: boolean): Tokenizer {
  const vocab = vocabOf(["[PAD]", "[UNK]", "[SEP]", "un", "##able", "##a", "able", ",", "so"]);
  return createTokenizer({
    tokenizer: {
      added_tokens: [control(0, "[PAD]"), control(1, "[UNK]"), control(2, "[SEP]")],
      normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
      pre_tokenizer: { type: "BertPreTokenizer" },
      model: { type: "WordPiece", vocab, unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100 },
      decoder: { type: "WordPiece", prefix: "##", cleanup: false },
    },
    config: { pad_token: "[PAD]", clean_up_tokenization_spaces: cleanUp },
  });
}

/** As T5's: the model's own vocabulary, which it searches for the likeliest pieces, has the end of text. */
function unigramTokenizer(): Tokenizer {
  const vocab = [
    ["<pad>", 0],
    ["</s>", 0],
    ["<unk>", 0],
    ["▁", -2],
    ["a", -3],
    ["▁a", -3],
    ["<", -4],
    ["/", -4],
    ["s", -4],
    [">", -4],
  ];
  return createTokenizer({
    tokenizer: {
      added_tokens: [control(0, "<pad>"), control(1, "</s>"), control(2, "<unk>")],
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
      model: { type: "Unigram", unk_id: 2, vocab },
      decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    },
    config: { eos_token: "</s>" },
  });
}

const kinds = { metaspace: metaspaceTokenizer(), wordPiece: wordPieceTokenizer(false), unigram: unigramTokenizer() };

describe.each(Object.entries(kinds))("%s", (_, tokenizer) => {
  test("the streamed pieces are the decoded text", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizer.vocabSize + 3), { maxLength: 12 }), (ids) => {
        const stream = tokenizer.streamDecoder();
        expect(ids.map((id) => stream.push(id)).join("") + stream.flush()).toBe(tokenizer.decode(ids));
      }),
      { numRuns: 500 },
    );
  });

  test("untrusted text never makes a control token", () => {
    const text = fc
      .array(fc.constantFrom("a", " ", "b", "<s>", "</s>", "<pad>", "[SEP]", "[PAD]", "é", "<"), { maxLength: 8 })
      .map((parts) => parts.join(""));
    const unknown = tokenizer.tokenToId("<unk>") ?? tokenizer.tokenToId("[UNK]");
    fc.assert(
      fc.property(text, (untrusted) => {
        expect(tokenizer.encodeUntrusted(untrusted).filter((id) => tokenizer.isSpecial(id) && id !== unknown)).toEqual([]);
      }),
    );
  });
});

test("characters outside the vocabulary become byte tokens, streamed when whole", () => {
  const tokenizer = kinds.metaspace;
  const ids = tokenizer.encode("ab é");
  expect(ids.map((id) => tokenizer.idToToken(id))).toEqual(["▁ab", "▁", "<0xC3>", "<0xA9>"]);
  const stream = tokenizer.streamDecoder();
  expect([...ids.map((id) => stream.push(id)), stream.flush()]).toEqual(["ab", " ", "", "é", ""]);
  expect(tokenizer.decode(ids)).toBe("ab é");
  expect([tokenizer.bosTokenId, tokenizer.eosTokenId]).toEqual([1, 2]);
});

test("blanks of a BPE vocabulary are not cleaned up, as in transformers 5", () => {
  const { tokenizer, config } = kinds.metaspace.files;
  const asked = createTokenizer({ tokenizer, config: { ...config, clean_up_tokenization_spaces: true } });
  expect(asked.decode(asked.encode("a !"))).toBe("a !");
});

test("blank runs among the added tokens stay in untrusted text", () => {
  const { metaspace } = kinds;
  expect(metaspace.tokenToId("▁▁")).toBe(266);
  expect(metaspace.decode(metaspace.encodeUntrusted("a   b</s>"))).toBe("a   b</s>");
  expect(metaspace.encodeUntrusted("")).toEqual([]);
});

test("control tokens that the model knows are spelled out in untrusted text", () => {
  const tokenizer = kinds.unigram;
  expect(tokenizer.encode("a</s>").at(-1)).toBe(tokenizer.eosTokenId);
  expect(tokenizer.decode(tokenizer.encodeUntrusted("a</s>"))).toMatch(/a.*<.*\/.*s.*>/);
});

test("unknown words, lower case, and blanks cleaned up only when asked for", () => {
  const ids = kinds.wordPiece.encode("Unable, Ω [SEP]");
  expect(ids.map((id) => kinds.wordPiece.idToToken(id))).toEqual(["un", "##able", ",", "[UNK]", "[SEP]"]);
  expect(kinds.wordPiece.decode(ids, { skipSpecialTokens: true })).toBe("unable ,");
  expect(wordPieceTokenizer(true).decode(ids, { skipSpecialTokens: true })).toBe("unable,");
});

test("added tokens swallow blanks and respect words where their flags say so", () => {
  const base = metaspaceTokenizer().files.tokenizer;
  const model = { type: "BPE", vocab: vocabOf([..."abc "]), merges: [], unk_token: null };
  const added_tokens = [
    { id: 10, content: "<l>", lstrip: true, normalized: false },
    { id: 11, content: "<r>", rstrip: true, normalized: false },
    { id: 12, content: "bc", single_word: true, normalized: false },
  ];
  const tokenizer = createTokenizer({
    tokenizer: { ...base, model, added_tokens, normalizer: null, decoder: { type: "Fuse" } },
    config: {},
  });
  expect(tokenizer.encode("a  <l> a <r>  a")).toEqual([0, 10, 3, 0, 3, 11, 0]);
  expect(tokenizer.encode("bc abc a<r>bc")).toEqual([12, 3, 0, 1, 2, 3, 0, 11, 12]);
});
