import type { LibraryTokenizer } from "./huggingface-library.js";

/** Options of decoding. */
export interface DecodeOptions {
  /** Leaves out control tokens such as the end of text; other added tokens stay. Default `false`. */
  readonly skipSpecialTokens?: boolean;
}

/**
 * Turns ids into text one at a time. The pieces joined are what `decode` gives for all ids at once, except for the
 * blank clean-up that some tokenizer configurations ask for: it would change text already given out.
 */
export interface StreamDecoder {
  /** @returns the text that has become complete, `""` while a code point is unfinished. */
  push(id: number): string;
  /** @returns what is left, an unfinished code point as U+FFFD; the decoder is then as new. */
  flush(): string;
}

/** Text of ids in one kind of tokenizer. */
export interface TokenDecoder {
  decode(ids: ArrayLike<number>, options: DecodeOptions): string;
  stream(options: DecodeOptions): StreamDecoder;
}

/**
 * Byte-level vocabularies: every token is a row of bytes, the text is their UTF-8 decoding.
 *
 * @param bytesOf - bytes of a token, undefined for an id that has none.
 */
export function byteLevelDecoder(
  bytesOf: (id: number) => Uint8Array<ArrayBuffer> | undefined,
  isSpecial: (id: number) => boolean,
): TokenDecoder {
  const stream = ({ skipSpecialTokens = false }: DecodeOptions): StreamDecoder => {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return {
      push: (id) => (skipSpecialTokens && isSpecial(id) ? "" : decoder.decode(bytesOf(id), { stream: true })),
      flush: () => decoder.decode(),
    };
  };
  return {
    stream,
    decode(ids, options) {
      const decoder = stream(options);
      let text = "";
      for (let i = 0; i < ids.length; i++) text += decoder.push(ids[i]!);
      return text + decoder.flush();
    },
  };
}

/** All other vocabularies, by the library's decoder. A stream decodes a short window again and gives out what is new. */
export function libraryDecoder(library: LibraryTokenizer, cleanUp: boolean): TokenDecoder {
  const isKnown = (id: number) => library.id_to_token(id) !== undefined;
  const decode = (ids: number[], skipSpecialTokens: boolean, clean: boolean) =>
    ids.length === 0 ? "" : library.decode(ids, { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: clean });
  return {
    decode: (ids, { skipSpecialTokens = false }) => decode(Array.from(ids).filter(isKnown), skipSpecialTokens, cleanUp),
    stream({ skipSpecialTokens = false }) {
      /** Ids whose text is given out, kept because what follows depends on them, then ids whose text is not yet complete. */
      let window: number[] = [];
      let given = 0;
      const take = (isLast: boolean): string => {
        const before = decode(window.slice(0, given), skipSpecialTokens, false);
        const text = decode(window, skipSpecialTokens, false);
        if (!isLast && (text.length <= before.length || text.endsWith("\ufffd"))) return "";
        window = isLast ? [] : window.slice(given);
        given = window.length;
        return text.slice(before.length);
      };
      return {
        push(id) {
          if (isKnown(id)) window.push(id);
          return take(false);
        },
        flush: () => take(true),
      };
    },
  };
}
