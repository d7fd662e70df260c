/** The part of `tokenizer.json` that holds a vocabulary and its merges. */
export interface BpeModelJson {
  readonly vocab: Readonly<Record<string, number>>;
  /** First merge first: two tokens, as a pair or with a blank between. */
  readonly merges: readonly (string | readonly string[])[];
  /** A piece that is a token as a whole stays whole, whatever the merges say. */
  readonly ignoreMerges: boolean;
}

/** `model` of the `tokenizer.json` of a byte-level BPE tokenizer. */
export function bpeModelJson({ vocab, merges, ignoreMerges }: BpeModelJson) {
  return {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: ignoreMerges,
    vocab,
    merges,
  };
}

/** An entry of `added_tokens` that is matched as it stands. */
export function addedTokenJson(id: number, content: string, special: boolean) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}
