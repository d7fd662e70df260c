import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { addedTokenJson, bpeModelJson } from "./bpe-json.js";
import { QWEN_SPLIT } from "./split-patterns.js";
import type { TokenizerFiles } from "./tokenizer-files.js";

const LLAMA3_SPLIT = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** Kinds of tokens in `tokenizer.ggml.token_type`. */
const [NORMAL, CONTROL, USER_DEFINED, BYTE] = [1, 3, 4, 6];

const Id = z.int().nonnegative().optional();

/** The part of a GGUF file's metadata that describes its tokenizer, without the prefix `tokenizer.`. */
const GgufTokenizer = z.looseObject({
  "ggml.model": z.literal("gpt2", "only byte-level BPE (gpt2) can be read"),
  "ggml.pre": z.string().default("gpt-2"),
  "ggml.tokens": z.array(z.string()).min(1),
  "ggml.token_type": z.array(z.int()).optional(),
  "ggml.merges": z.array(z.string().regex(/^[^ ]+ [^ ]+$/, "a merge is two tokens with a blank between")),
  "ggml.bos_token_id": Id,
  "ggml.eos_token_id": Id,
  "ggml.padding_token_id": Id,
  "ggml.add_bos_token": z.boolean().optional(),
  chat_template: z.string().optional(),
});

/** How text is prepared before the merges: what stands in `tokenizer.json` of the models that use it. */
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

/**
 * Converts the tokenizer inside a GGUF file to the Hugging Face format, which `createTokenizer` reads and a checkpoint folder keeps.
 * The chat template comes along.
 *
 * @param metadata - of the file, by name
 * @param where - the file's name, for messages
 * @throws InputError when the tokenizer is missing, malformed, or of a kind that cannot be read.
 */
export function tokenizerFromGguf(metadata: ReadonlyMap<string, unknown>, where = "GGUF file"): TokenizerFiles {
  const fields = new Map([...metadata].flatMap(([key, value]) => (key.startsWith("tokenizer.") ? [[key.slice(10), value]] : [])));
  const parsed = GgufTokenizer.safeParse(Object.fromEntries(fields));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw refused(`${where}: tokenizer.${issue.path.join(".")}`, "a byte-level BPE tokenizer", issue.message);
  }
  const raw = parsed.data;
  const tokens = raw["ggml.tokens"];
  const types = raw["ggml.token_type"] ?? tokens.map(() => NORMAL);
  const preparation = Object.hasOwn(PREPARATIONS, raw["ggml.pre"]) ? PREPARATIONS[raw["ggml.pre"]] : undefined;
  if (preparation === undefined)
    throw refused(`${where}: tokenizer.ggml.pre`, `one of ${Object.keys(PREPARATIONS).join(", ")}`, raw["ggml.pre"]);
  if (types.length !== tokens.length) {
    throw refused(`${where}: tokenizer.ggml.token_type`, `${tokens.length} entries, one a token`, String(types.length));
  }
  const named = (field: "bos" | "eos" | "padding") => {
    const id = raw[`ggml.${field}_token_id`];
    if (id === undefined || id < tokens.length) return id === undefined ? undefined : tokens[id];
    throw refused(`${where}: tokenizer.ggml.${field}_token_id`, `an id below ${tokens.length}`, String(id));
  };
  const vocabSize = types.reduce((size, type, id) => (type === NORMAL || type === BYTE ? id + 1 : size), 0); // added tokens may follow
  const vocab = Object.fromEntries(tokens.slice(0, vocabSize).map((token, id) => [token, id]));
  const config = {
    bos_token: named("bos"),
    eos_token: named("eos"),
    pad_token: named("padding"),
    add_bos_token: raw["ggml.add_bos_token"],
    chat_template: raw.chat_template,
    clean_up_tokenization_spaces: false,
    model_max_length: metadata.get(`${String(metadata.get("general.architecture"))}.context_length`),
    tokenizer_class: "PreTrainedTokenizerFast",
  };
  return {
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: tokens.flatMap((content, id) =>
        types[id] === CONTROL || types[id] === USER_DEFINED ? [addedTokenJson(id, content, types[id] === CONTROL)] : [],
      ),
      normalizer: preparation.normalizer,
      pre_tokenizer: preparation.pre_tokenizer,
      post_processor: byteLevel(false),
      decoder: byteLevel(false),
      model: bpeModelJson({ vocab, merges: raw["ggml.merges"].map((merge) => merge.split(" ")), ignoreMerges: preparation.ignoreMerges }),
    },
    config: Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)),
  };
}

function refused(where: string, expected: string, found: string): InputError {
  return new InputError({ what: "tokenizer", where, expected, found, fix: "use the model's Hugging Face tokenizer files instead" });
}
