import { InputError } from "@retool-ts/core";
import { z } from "zod";
import { boundsFault } from "./tokenizer-bounds.js";

/** The two JSON objects that make a Hugging Face tokenizer; saved beside a checkpoint they load in `transformers`. */
export interface TokenizerFiles {
  /** Contents of `tokenizer.json`. */
  readonly tokenizer: Readonly<Record<string, unknown>>;
  /** Contents of `tokenizer_config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A token that is found in the text before the model splits it. */
export const AddedToken = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string().min(1),
  /** A control token: end of text, padding. Others, such as `<tool_call>`, are part of what is said. */
  special: z.boolean().default(false),
  /** Found only where no word character touches it. */
  single_word: z.boolean().default(false),
  /** Swallows the blanks before it. */
  lstrip: z.boolean().default(false),
  /** Swallows the blanks after it. */
  rstrip: z.boolean().default(false),
  /** Looked for in the normalized text instead of the raw one. */
  normalized: z.boolean().optional(),
});
/** Parsed {@link AddedToken}. */
export interface AddedToken extends z.infer<typeof AddedToken> {}

const TokenName = z.union([z.string(), z.looseObject({ content: z.string() }).transform((token) => token.content)]);

/** The parts that are read of `tokenizer.json` here; the rest is the library's business. */
const TokenizerJson = z.looseObject({
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.looseObject({ type: z.string(), pretokenizers: z.array(z.looseObject({ type: z.string() })).optional() }).nullish(),
  model: z.looseObject({
    type: z.string().nullish(),
    vocab: z.custom<object>((value) => typeof value === "object" && value !== null, "expected a vocabulary"),
  }),
  added_tokens: z.array(AddedToken).nullish(),
  decoder: z.looseObject({ type: z.string(), decoders: z.array(z.looseObject({ type: z.string() })).optional() }).nullish(),
});

/** The parts that are read of `tokenizer_config.json` here. */
const TokenizerConfig = z.looseObject({
  eos_token: TokenName.nullish(),
  pad_token: TokenName.nullish(),
  bos_token: TokenName.nullish(),
  clean_up_tokenization_spaces: z.boolean().nullish(),
});

/** Checked {@link TokenizerFiles}. */
export interface ParsedTokenizerFiles {
  readonly tokenizer: z.infer<typeof TokenizerJson>;
  readonly config: z.infer<typeof TokenizerConfig>;
}

/**
 * Checks the parts of tokenizer files that this package reads.
 *
 * @param where - names the files in messages: a folder, or `files` for objects.
 * @throws InputError when a part is missing or has another type.
 */
export function parseTokenizerFiles(files: TokenizerFiles, where = "files"): ParsedTokenizerFiles {
  const tokenizer = check(TokenizerJson, files.tokenizer, `${where}: tokenizer.json`);
  const fault = boundsFault(tokenizer);
  if (fault) {
    const fix = "use the tokenizer of another model, or correct the file";
    throw new InputError({
      what: "tokenizer",
      where: `${where}: ${fault.where}`,
      expected: "a tokenizer as trainers write them",
      found: fault.found,
      fix,
    });
  }
  return {
    tokenizer,
    config: check(TokenizerConfig, files.config, `${where}: tokenizer_config.json`),
  };
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new InputError(
    {
      what: "tokenizer",
      where: [where, ...issue.path.map(String)].join(" "),
      expected: "the Hugging Face tokenizer format",
      found: issue.message,
      fix: "save the tokenizer again with save_pretrained of a fast tokenizer",
    },
    { cause: result.error },
  );
}
