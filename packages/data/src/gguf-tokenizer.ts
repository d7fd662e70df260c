import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { addedTokenJson } from "./bpe-json.js";
import { byteLevelParts } from "./gguf-byte-level.js";
import { sentencePieceParts } from "./gguf-sentencepiece.js";
import { CONTROL, NORMAL, UNKNOWN, USER_DEFINED } from "./gguf-token-types.js";
import type { TokenizerFiles } from "./tokenizer-files.js";

/** Kinds that are found in the text before anything is merged. */
const ADDED: readonly number[] = [UNKNOWN, CONTROL, USER_DEFINED];

/** Kinds of vocabulary whose texts begin with the beginning of text where the file does not say. */
const BEGINS: readonly string[] = ["llama", "llama-bpe", "llama-v3", "llama3"];

const Id = z.int().nonnegative().optional();

/** The part of a GGUF file's metadata that describes its tokenizer, without the prefix `tokenizer.`. */
const GgufTokenizer = z.looseObject({
  "ggml.model": z.enum(["gpt2", "llama"], "only byte-level BPE (gpt2) and SentencePiece (llama) can be read"),
  "ggml.pre": z.string().default("gpt-2"),
  "ggml.tokens": z.array(z.string()).min(1),
  "ggml.token_type": z.array(z.int()).optional(),
  "ggml.merges": z.array(z.string().regex(/^[^ ]+ [^ ]+$/, "a merge is two tokens with a blank between")).optional(),
  "ggml.scores": z.array(z.number()).optional(),
  "ggml.add_space_prefix": z.boolean().default(true),
  "ggml.remove_extra_whitespaces": z.literal(false, "only blanks that are kept as they are can be read").optional(),
  "ggml.bos_token_id": Id,
  "ggml.eos_token_id": Id,
  "ggml.padding_token_id": Id,
  "ggml.unknown_token_id": Id,
  "ggml.add_bos_token": z.boolean().optional(),
  chat_template: z.string().optional(),
});

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
    throw refused(`${where}: tokenizer.${issue.path.join(".")}`, "a byte-level BPE or SentencePiece tokenizer", issue.message);
  }
  const raw = parsed.data;
  const tokens = raw["ggml.tokens"];
  const types = raw["ggml.token_type"] ?? tokens.map(() => NORMAL);
  if (types.length !== tokens.length) {
    throw refused(`${where}: tokenizer.ggml.token_type`, `${tokens.length} entries, one a token`, String(types.length));
  }
  const named = (field: "bos" | "eos" | "padding" | "unknown") => {
    const id = raw[`ggml.${field}_token_id`];
    if (id === undefined || id < tokens.length) return id === undefined ? undefined : tokens[id];
    throw refused(`${where}: tokenizer.ggml.${field}_token_id`, `an id below ${tokens.length}`, String(id));
  };
  const parts =
    raw["ggml.model"] === "gpt2"
      ? byteLevelParts({ tokens, types, merges: raw["ggml.merges"], pre: raw["ggml.pre"] }, where)
      : sentencePieceParts({ tokens, types, scores: raw["ggml.scores"], addSpacePrefix: raw["ggml.add_space_prefix"] }, where);
  const kind = raw["ggml.model"] === "llama" ? "llama" : raw["ggml.pre"];
  const config = {
    bos_token: named("bos"),
    eos_token: named("eos"),
    pad_token: named("padding"),
    unk_token: named("unknown"),
    add_bos_token: raw["ggml.add_bos_token"] ?? (BEGINS.includes(kind) ? true : undefined),
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
      // Runs of blanks are looked for as they stand in the text.
      added_tokens: tokens.flatMap((content, id) =>
        ADDED.includes(types[id]!) ? [addedTokenJson(id, content.replaceAll("▁", " "), types[id] !== USER_DEFINED)] : [],
      ),
      ...parts,
    },
    config: Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)),
  };
}

function refused(where: string, expected: string, found: string): InputError {
  return new InputError({ what: "tokenizer", where, expected, found, fix: "use the model's Hugging Face tokenizer files instead" });
}
