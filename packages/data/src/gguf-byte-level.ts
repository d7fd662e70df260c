import { InputError } from "@retool-ts/core";
import { bpeModelJson } from "./bpe-json.js";
import { BYTE, NORMAL } from "./gguf-token-types.js";
import { QWEN_SPLIT } from "./split-patterns.js";

const LLAMA3_SPLIT = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** The parts of `tokenizer.json` that depend on the kind of vocabulary. */
export interface TokenizerParts {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  readonly post_processor: object | null;
  readonly decoder: object;
  readonly model: object;
}

/** Preparation of text before the merges: what stands in `tokenizer.json` of the models that use it. */
interface Preparation {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object;
  /** A piece that is a token as a whole stays whole, whatever the merges say. */
  readonly ignoreMerges: boolean;
}

const byteLevel = (useRegex: boolean) => ({ type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: useRegex });
const split = (pattern: string) => ({
  type: "Sequence",
  pretokenizers: [{ type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false }, byteLevel(false)],
});

const QWEN: Preparation = { normalizer: { type: "NFC" }, pre_tokenizer: split(QWEN_SPLIT), ignoreMerges: false };
const LLAMA3: Preparation = { normalizer: null, pre_tokenizer: split(LLAMA3_SPLIT), ignoreMerges: true };
const GPT2: Preparation = { normalizer: null, pre_tokenizer: byteLevel(true), ignoreMerges: false };
const SMOLLM: Preparation = {
  normalizer: null,
  pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel(true)] },
  ignoreMerges: false,
};

/** By `tokenizer.ggml.pre`. */
const PREPARATIONS: Readonly<Record<string, Preparation>> = {
  "gpt-2": GPT2,
  smollm: SMOLLM,
  qwen2: QWEN,
  "deepseek-r1-qwen": QWEN,
  "llama-bpe": LLAMA3,
  "llama-v3": LLAMA3,
  llama3: LLAMA3,
};

/** The tokens of a GGUF file, with their kinds, and the merges between them. */
export interface ByteLevelVocabulary {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  readonly merges: readonly string[] | undefined;
  /** `tokenizer.ggml.pre`. */
  readonly pre: string;
}

/**
 * Byte-level BPE: `tokenizer.ggml.model = gpt2`.
 *
 * @throws InputError for a way to split text that is not known here, and where there are no merges.
 */
export function byteLevelParts({ tokens, types, merges, pre }: ByteLevelVocabulary, where: string): TokenizerParts {
  const preparation = Object.hasOwn(PREPARATIONS, pre) ? PREPARATIONS[pre] : undefined;
  const fix = "use the model's Hugging Face tokenizer files instead";
  if (preparation === undefined || merges === undefined) {
    const [field, expected, found] =
      merges === undefined ? ["merges", "the merges of a BPE", "none"] : ["pre", `one of ${Object.keys(PREPARATIONS).join(", ")}`, pre];
    throw new InputError({ what: "tokenizer", where: `${where}: tokenizer.ggml.${field}`, expected, found, fix });
  }
  const vocabSize = types.reduce((size, type, id) => (type === NORMAL || type === BYTE ? id + 1 : size), 0); // added tokens may follow
  const vocab = Object.fromEntries(tokens.slice(0, vocabSize).map((token, id) => [token, id]));
  return {
    normalizer: preparation.normalizer,
    pre_tokenizer: preparation.pre_tokenizer,
    post_processor: byteLevel(false),
    decoder: byteLevel(false),
    model: bpeModelJson({ vocab, merges: merges.map((merge) => merge.split(" ")), ignoreMerges: preparation.ignoreMerges }),
  };
}
