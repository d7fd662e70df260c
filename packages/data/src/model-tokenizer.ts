import { chatTemplateOf } from "./chat-template-source.js";
import { tokenizerFromGguf } from "./gguf-tokenizer.js";
import { createTokenizer, type Tokenizer } from "./tokenizer.js";

/** Everything around a model's weights that decides how text becomes ids and back. */
export interface ModelTokenizer {
  readonly tokenizer: Tokenizer;
  /** Jinja; undefined for models that were not made for conversations. */
  readonly chatTemplate: string | undefined;
  /** Ids that end a response: those of the generation config, and the ends of text and of turns that the vocabulary has. */
  readonly eosTokenIds: readonly number[];
  /** Ids that must never be sampled: reserved for later use, or without a token. */
  readonly unusedTokenIds: readonly number[];
}

/** Names of the tokens that end a turn or a text in the families of models that load here. */
const ENDS = ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>"];

/** Tokens that vocabularies keep for later: no text has them, so their embeddings are noise. */
const RESERVED = /^(<\|?(reserved|unused|extra|dummy|placeholder)[\w-]*\|?>|\[(UNUSED|control)_?\d+\])$/i;

/**
 * Tokenizer, chat template and end ids of a GGUF file, out of its metadata.
 *
 * @param where - the file's name, for messages
 * @throws InputError when the file has no tokenizer that can be read.
 */
export function modelTokenizerFromGguf(metadata: ReadonlyMap<string, unknown>, where?: string): ModelTokenizer {
  const ids = ["eos", "eot", "eom"].flatMap((end) => idsOf(metadata.get(`tokenizer.ggml.${end}_token_id`)));
  return describeTokenizer(createTokenizer(tokenizerFromGguf(metadata, where), where), ids, where);
}

/**
 * A tokenizer's word on the model it belongs to.
 *
 * @param stated - further ids that end a response
 * @param where - names its files in messages
 */
export function describeTokenizer(tokenizer: Tokenizer, stated: readonly number[] = [], where?: string): ModelTokenizer {
  const named = ENDS.map((name) => tokenizer.tokenToId(name)).filter((id) => id !== undefined && tokenizer.isSpecial(id));
  const own = tokenizer.eosTokenId === undefined ? [] : [tokenizer.eosTokenId];
  const eosTokenIds = [...new Set([...own, ...stated, ...named])].filter((id): id is number => id !== undefined);
  const unusedTokenIds: number[] = [];
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    const token = tokenizer.idToToken(id);
    if (token === undefined || (tokenizer.isSpecial(id) && RESERVED.test(token) && !eosTokenIds.includes(id))) unusedTokenIds.push(id);
  }
  return { tokenizer, chatTemplate: chatTemplateOf(tokenizer.files, where), eosTokenIds, unusedTokenIds };
}

/** Ids in a number or a list of numbers. */
export function idsOf(value: unknown): number[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((id): id is number => Number.isInteger(id) && Number(id) >= 0);
}
