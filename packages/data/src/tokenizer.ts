import { InputError } from "@retool-ts/core";
import { AddedTokenSplitter } from "./added-tokens.js";
import { fromByteLetters } from "./byte-letters.js";
import { exactSplits } from "./exact-splits.js";
import { Tokenizer as TokenizerOfLibrary, type LibraryTokenizer } from "./huggingface-library.js";
import { SectionEncoder } from "./section-encoder.js";
import { byteLevelDecoder, libraryDecoder, type DecodeOptions, type StreamDecoder, type TokenDecoder } from "./token-decoder.js";
import { parseTokenizerFiles, type AddedToken, type ParsedTokenizerFiles, type TokenizerFiles } from "./tokenizer-files.js";
import { composeAsTokenizersDo } from "./unicode-normalization.js";

/** Text to token ids and back. */
export interface Tokenizer {
  /** Largest id + 1. A model's embedding may have more rows; those ids decode to nothing. */
  readonly vocabSize: number;
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly bosTokenId: number | undefined;
  /** Files to save beside a checkpoint. */
  readonly files: TokenizerFiles;
  /** Adds nothing of its own; added tokens named in the text, such as `<|im_end|>`, become their ids. */
  encode(text: string): number[];
  /** As {@link Tokenizer.encode}, but the names of added tokens are ordinary text: tool output cannot forge a control token. */
  encodeUntrusted(text: string): number[];
  /** Ids outside the vocabulary decode to nothing, unfinished UTF-8 to U+FFFD. */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  tokenToId(token: string): number | undefined;
  /** The token as the vocabulary writes it: byte-level tokens in byte letters. */
  idToToken(id: number): string | undefined;
  /** Checks whether the id is a control token, which `skipSpecialTokens` leaves out. */
  isSpecial(id: number): boolean;
  streamDecoder(options?: DecodeOptions): StreamDecoder;
}

/**
 * Makes a tokenizer from the contents of Hugging Face tokenizer files; works in a browser.
 *
 * @param where - names the files in messages.
 * @throws InputError when they are not a tokenizer.
 */
export function createTokenizer(files: TokenizerFiles, where = "files"): Tokenizer {
  const parsed = parseTokenizerFiles(files, where);
  return new HuggingFaceTokenizer(files, parsed, makeLibraryTokenizer(parsed, where));
}

class HuggingFaceTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly bosTokenId: number | undefined;
  readonly files: TokenizerFiles;
  readonly #library: LibraryTokenizer;
  readonly #normalize: (text: string) => string;
  readonly #encoder: SectionEncoder;
  readonly #decoder: TokenDecoder;
  /** Added tokens looked for in raw text, and after normalization; then all of them. */
  readonly #rawSplitter: AddedTokenSplitter;
  readonly #normalizedSplitter: AddedTokenSplitter;
  readonly #controlSplitter: AddedTokenSplitter;
  readonly #specialIds: ReadonlySet<number>;
  /** Ids that untrusted text must not produce. */
  readonly #controlIds: ReadonlySet<number>;

  constructor(files: TokenizerFiles, { tokenizer, config }: ParsedTokenizerFiles, library: LibraryTokenizer) {
    const added = tokenizer.added_tokens ?? [];
    const isNormalized = (token: AddedToken) => library.normalizer !== null && (token.normalized ?? !token.special);
    // Runs of blanks, for which ▁ may stand, are text; the unknown token is what unknown characters must become.
    const control = added.filter((token) => (token.special || /[^\s▁]/u.test(token.content)) && token.id !== library.model.unk_token_id);
    const idOf = (token: string | null | undefined) => (token == null ? undefined : library.token_to_id(token));
    this.files = files;
    this.#library = library;
    this.#normalize = tokenizer.normalizer?.type === "NFC" ? composeAsTokenizersDo : (text) => library.normalizer?.normalize(text) ?? text;
    this.vocabSize = added.reduce((size, token) => Math.max(size, token.id + 1), library.model.vocab.length);
    this.eosTokenId = idOf(config.eos_token);
    this.padTokenId = idOf(config.pad_token);
    this.bosTokenId = idOf(config.bos_token);
    this.#rawSplitter = new AddedTokenSplitter(added.filter((token) => !isNormalized(token)));
    this.#normalizedSplitter = new AddedTokenSplitter(added.filter(isNormalized), (text) => this.#normalize(text));
    this.#controlSplitter = new AddedTokenSplitter(control);
    this.#specialIds = new Set(added.filter((token) => token.special).map((token) => token.id));
    this.#controlIds = new Set(control.map((token) => token.id));
    this.#encoder = new SectionEncoder(library);
    this.#decoder = isByteLevel(tokenizer)
      ? byteLevelDecoder(byteTable(library, added), (id) => this.isSpecial(id))
      : libraryDecoder(library, tokenizer.model.type !== "BPE" && (config.clean_up_tokenization_spaces ?? false)); // as transformers
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    this.#rawSplitter.split(text).forEach((raw, index) => {
      if (typeof raw === "number") {
        ids.push(raw);
        return;
      }
      for (const section of this.#normalizedSplitter.split(this.#normalize(raw))) {
        if (typeof section === "number") ids.push(section);
        else this.#encoder.encode(section, index, ids);
      }
    });
    return ids;
  }

  encodeUntrusted(text: string): number[] {
    const ids: number[] = [];
    this.#encodePlain(text, 0, ids);
    return ids.some((id) => this.#controlIds.has(id)) ? this.#encodeSpelledOut(text) : ids;
  }

  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    return this.#decoder.decode(ids, options);
  }

  tokenToId(token: string): number | undefined {
    return this.#library.token_to_id(token);
  }

  idToToken(id: number): string | undefined {
    return this.#library.id_to_token(id);
  }

  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  streamDecoder(options: DecodeOptions = {}): StreamDecoder {
    return this.#decoder.stream(options);
  }

  #encodePlain(text: string, sectionIndex: number, ids: number[]): void {
    const normalized = text === "" ? "" : this.#normalize(text); // some normalizers make a blank of nothing
    if (normalized !== "") this.#encoder.encode(normalized, sectionIndex, ids);
  }

  /** For vocabularies whose model itself knows control tokens: their names are encoded character by character. */
  #encodeSpelledOut(text: string): number[] {
    const ids: number[] = [];
    this.#controlSplitter.split(text).forEach((section, index) => {
      if (typeof section === "string") this.#encodePlain(section, index, ids);
      else for (const character of this.idToToken(section)!) this.#encodePlain(character, 1, ids);
    });
    return ids.filter((id) => !this.#controlIds.has(id));
  }
}

function makeLibraryTokenizer({ tokenizer, config }: ParsedTokenizerFiles, where: string): LibraryTokenizer {
  const absent = { normalizer: null, post_processor: null, decoder: null };
  const exact = { pre_tokenizer: exactSplits(tokenizer.pre_tokenizer), added_tokens: tokenizer.added_tokens ?? [] };
  try {
    return new TokenizerOfLibrary({ ...absent, ...tokenizer, ...exact }, config);
  } catch (cause) {
    throw new InputError(
      {
        what: "tokenizer",
        where: `${where}: tokenizer.json`,
        expected: "a tokenizer that @huggingface/tokenizers can run",
        found: cause instanceof Error ? cause.message : String(cause),
        fix: "use the tokenizer of another model, or save it again as a fast tokenizer",
      },
      { cause },
    );
  }
}

function isByteLevel({ decoder }: ParsedTokenizerFiles["tokenizer"]): boolean {
  const steps = decoder?.type === "Sequence" ? (decoder.decoders ?? []) : [decoder];
  return steps.length === 1 && steps[0]?.type === "ByteLevel";
}

/** Bytes of each token, made when first asked for. */
function byteTable(library: LibraryTokenizer, added: readonly AddedToken[]): (id: number) => Uint8Array<ArrayBuffer> | undefined {
  const utf8 = new TextEncoder();
  const table = new Map<number, Uint8Array<ArrayBuffer>>(added.map((token) => [token.id, utf8.encode(token.content)]));
  return (id) => {
    const known = table.get(id);
    const token = known === undefined ? library.id_to_token(id) : undefined;
    if (token === undefined) return known;
    const bytes = fromByteLetters(token);
    table.set(id, bytes);
    return bytes;
  };
}
