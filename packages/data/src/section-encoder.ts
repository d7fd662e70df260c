import { ByteLevelPreTokenizer, SequencePreTokenizer, type LibraryTokenizer } from "./huggingface-library.js";

const MAX_CACHED_PIECES = 20_000;
const MAX_CACHED_PIECE_LENGTH = 64;

/**
 * Encodes text that holds no added tokens: pre-tokenizer, then model.
 *
 * Byte-level tokenizers split text into pieces that do not influence each other, so the ids of a piece are remembered;
 * a short text of known words costs little more than the split.
 */
export class SectionEncoder {
  readonly #library: LibraryTokenizer;
  readonly #splitPieces: ((text: string) => string[]) | undefined;
  readonly #cache = new Map<string, readonly number[]>();

  constructor(library: LibraryTokenizer) {
    this.#library = library;
    this.#splitPieces = independentPieces(library);
  }

  /** @param sectionIndex - place among the sections of the whole text; some tokenizers treat the first differently. */
  encode(text: string, sectionIndex: number, ids: number[]): void {
    if (this.#splitPieces === undefined) {
      const pieces = this.#library.pre_tokenizer?.pre_tokenize(text, { section_index: sectionIndex }) ?? [text];
      ids.push(...this.#encodePieces(pieces));
      return;
    }
    for (const piece of this.#splitPieces(text)) {
      for (const id of this.#cache.get(piece) ?? this.#encodeNewPiece(piece)) ids.push(id);
    }
  }

  #encodeNewPiece(piece: string): readonly number[] {
    const ids = this.#encodePieces(BYTE_LEVEL.pre_tokenize(piece));
    if (piece.length <= MAX_CACHED_PIECE_LENGTH) {
      if (this.#cache.size >= MAX_CACHED_PIECES) this.#cache.clear();
      this.#cache.set(piece, ids);
    }
    return ids;
  }

  #encodePieces(pieces: string[]): number[] {
    const { model } = this.#library;
    return model(pieces).flatMap((token) => model.tokens_to_ids.get(token) ?? model.unk_token_id ?? []);
  }
}

const BYTE_LEVEL = new ByteLevelPreTokenizer({ add_prefix_space: false, use_regex: false });

/** The split that comes before a plain byte-level step, if the pre-tokenizer has that form and the model knows every byte. */
function independentPieces(library: LibraryTokenizer): ((text: string) => string[]) | undefined {
  const sequence = library.pre_tokenizer;
  if (!(sequence instanceof SequencePreTokenizer) || library.model.fuse_unk) return undefined;
  const last = sequence.tokenizers.at(-1);
  if (!(last instanceof ByteLevelPreTokenizer) || last.use_regex || last.add_prefix_space) return undefined;
  const splitters = sequence.tokenizers.slice(0, -1);
  return (text) => splitters.reduce((pieces, splitter) => splitter?.pre_tokenize(pieces) ?? pieces, [text]);
}
