import { defined, InputError } from "@retool-ts/core";
import { addedTokenJson, bpeModelJson } from "./bpe-json.js";
import { AddedTokenSplitter } from "./added-tokens.js";
import { learnMerges, type LearnedMerges } from "./bpe-merges.js";
import { BYTE_LETTERS, toByteLetters } from "./byte-letters.js";
import { SplitPreTokenizer, type PreTokenizer } from "./huggingface-library.js";
import { AddedToken, type TokenizerFiles } from "./tokenizer-files.js";

/** Options of {@link trainBpe}. */
export interface TrainBpeOptions {
  /** Number of ids to use at most: 256 bytes, learned tokens, added tokens. */
  readonly vocabSize: number;
  /** Regular expression of the pieces that tokens never cross, such as {@link QWEN_SPLIT} or {@link TINY_SPLIT}. */
  readonly splitPattern: string;
  /** Control tokens, which `skipSpecialTokens` leaves out. They get ids after all others, in this order. */
  readonly specialTokens: readonly string[];
  /** Further tokens that are always whole but part of what is said, such as tags; ids after the control tokens. */
  readonly addedTokens?: readonly string[];
  /** Pairs, or whole pieces, seen less often get no token. Default 2. */
  readonly minFrequency?: number;
  /**
   * Gives tokens to whole pieces, the most frequent first, instead of building them from pairs: every piece seen
   * `minFrequency` times is one token if the vocabulary has room, no ids go to fragments, and all other pieces are
   * spelled in bytes. For small models with a small language. Default `false`.
   */
  readonly wholePreTokens?: boolean;
  /** The special token that ends a text. */
  readonly eosToken?: string;
  /** The special token that fills a batch. */
  readonly padToken?: string;
  /** The special token that begins a text. */
  readonly bosToken?: string;
}

/**
 * Trains a byte-level BPE tokenizer in the Hugging Face format: any text can be encoded, and decoding gives it back.
 * Equal texts and options give equal files.
 *
 * @throws InputError when the options contradict each other.
 */
export function trainBpe(texts: Iterable<string>, options: TrainBpeOptions): TokenizerFiles {
  const { vocabSize, splitPattern, specialTokens, addedTokens = [], minFrequency = 2, wholePreTokens = false } = options;
  checkOptions(options);
  const names = [...specialTokens, ...addedTokens];
  const maxTokens = vocabSize - names.length;
  const letters = [...BYTE_LETTERS].sort();
  const pieces = countPieces(texts, splitPattern, names);
  const learned = wholePreTokens
    ? mostFrequentPieces(pieces, letters, maxTokens, minFrequency)
    : learnMerges(pieces, letters, { maxTokens, minFrequency });
  return {
    tokenizer: tokenizerJson(learned, options, wholePreTokens),
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      clean_up_tokenization_spaces: false,
      ...defined({ eos_token: options.eosToken, pad_token: options.padToken, bos_token: options.bosToken }),
    },
  };
}

function checkOptions({ vocabSize, specialTokens, addedTokens = [], eosToken, padToken, bosToken }: TrainBpeOptions): void {
  const names = [...specialTokens, ...addedTokens];
  const smallest = BYTE_LETTERS.length + names.length;
  if (!Number.isInteger(vocabSize) || vocabSize < smallest) {
    throw refuse(
      "vocabSize",
      `an integer of at least ${smallest} (256 bytes and ${names.length} added tokens)`,
      `${vocabSize}`,
      `set it to ${smallest} or more`,
    );
  }
  const repeated = names.find((name, index) => name === "" || names.indexOf(name) !== index);
  if (repeated !== undefined) throw refuse("specialTokens and addedTokens", "distinct texts", JSON.stringify(repeated), "remove it");
  for (const [where, name] of Object.entries({ eosToken, padToken, bosToken })) {
    if (name !== undefined && !specialTokens.includes(name)) {
      throw refuse(where, "one of specialTokens", JSON.stringify(name), "add it to specialTokens");
    }
  }
}

/** Counts of all pieces, in byte letters; added tokens are cut out first, so that no fragment of them is learned. */
function countPieces(texts: Iterable<string>, splitPattern: string, names: readonly string[]): Map<string, number> {
  const added = new AddedTokenSplitter(names.map((content, id) => AddedToken.parse({ id, content })));
  const split = makeSplit(splitPattern);
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const section of added.split(text)) {
      if (typeof section === "number") continue;
      for (const piece of split.pre_tokenize(section)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
    }
  }
  const inLetters = new Map<string, number>();
  for (const [piece, count] of counts) {
    const letters = toByteLetters(piece);
    inLetters.set(letters, (inLetters.get(letters) ?? 0) + count);
  }
  return inLetters;
}

function makeSplit(splitPattern: string): PreTokenizer {
  try {
    return new SplitPreTokenizer(splitConfig(splitPattern));
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw refuse("splitPattern", "a regular expression", found, "use TINY_SPLIT or QWEN_SPLIT, or correct it", cause);
  }
}

function mostFrequentPieces(
  pieces: ReadonlyMap<string, number>,
  letters: readonly string[],
  maxTokens: number,
  minFrequency: number,
): LearnedMerges {
  const whole = [...pieces].filter(([piece, count]) => piece.length > 1 && count >= minFrequency);
  whole.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return { tokens: [...letters, ...whole.map(([piece]) => piece)].slice(0, maxTokens), merges: [] };
}

function tokenizerJson({ tokens, merges }: LearnedMerges, options: TrainBpeOptions, ignoreMerges: boolean): Record<string, unknown> {
  const { specialTokens, addedTokens = [], splitPattern } = options;
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...specialTokens, ...addedTokens].map((content, index) =>
      addedTokenJson(tokens.length + index, content, index < specialTokens.length),
    ),
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Split", ...splitConfig(splitPattern) }, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
    model: bpeModelJson({
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((pair) => pair.join(" ")),
      ignoreMerges,
    }),
  };
}

function splitConfig(pattern: string): { pattern: { Regex: string }; behavior: string; invert: boolean } {
  return { pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
}

function refuse(where: string, expected: string, found: string, fix: string, cause?: unknown): InputError {
  return new InputError({ what: "tokenizer training", where, expected, found, fix }, defined({ cause }));
}
