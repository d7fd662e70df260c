import * as library from "@huggingface/tokenizers";

/**
 * The parts of `@huggingface/tokenizers` that are used here. Its own declarations import without file extensions, so
 * that under `moduleResolution: NodeNext` they come out untyped.
 */
export interface LibraryTokenizer {
  readonly normalizer: { normalize(text: string): string } | null;
  readonly pre_tokenizer: PreTokenizer | null;
  readonly model: LibraryModel;
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
}

/** A tokenizer's model: pieces to tokens. */
export interface LibraryModel {
  (pieces: readonly string[]): string[];
  /** Tokens by id, with holes where an id has none. */
  readonly vocab: readonly (string | undefined)[];
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly unk_token_id?: number;
  readonly fuse_unk: boolean;
}

/** A step that cuts text, or texts, into pieces. */
export interface PreTokenizer {
  pre_tokenize(text: string | readonly string[], options?: { section_index?: number }): string[];
}

/** A {@link PreTokenizer} that writes bytes as letters. */
export interface ByteLevelPreTokenizer extends PreTokenizer {
  readonly add_prefix_space: boolean;
  readonly use_regex: boolean;
}

/** A {@link PreTokenizer} of several steps. */
export interface SequencePreTokenizer extends PreTokenizer {
  readonly tokenizers: readonly (PreTokenizer | null)[];
}

type Constructor<T, A extends unknown[]> = new (...options: A) => T;

/** The library's classes, typed by what is used of them. */
export const { Tokenizer, ByteLevelPreTokenizer, SequencePreTokenizer, SplitPreTokenizer } = library as unknown as {
  readonly Tokenizer: Constructor<LibraryTokenizer, [tokenizer: object, config: object]>;
  readonly ByteLevelPreTokenizer: Constructor<ByteLevelPreTokenizer, [config: { add_prefix_space: boolean; use_regex: boolean }]>;
  readonly SequencePreTokenizer: Constructor<SequencePreTokenizer, [config: object]>;
  readonly SplitPreTokenizer: Constructor<PreTokenizer, [config: { pattern: { Regex: string }; behavior: string; invert: boolean }]>;
};
