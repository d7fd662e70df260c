import type { StreamDecoder, Tokenizer } from "@retool-ts/data";
import type { ChatFormat, ParsedReply } from "./chat-format.js";

/** Options of {@link ReplyText}. */
export interface ReplyTextOptions {
  /** The client's own stop strings: text ends before them. */
  readonly stops: readonly string[];
  /** Null where calls are not looked for. */
  readonly format: ChatFormat | null;
  /** Text that the reply was made to begin with. */
  readonly opening: string;
}

/** The text of a reply as its tokens come, and how much of it is certain to be content. */
export class ReplyText {
  readonly #tokenizer: Tokenizer;
  readonly #options: ReplyTextOptions;
  readonly #decoder: StreamDecoder;
  #text: string;
  #shown = 0;

  constructor(tokenizer: Tokenizer, options: ReplyTextOptions) {
    this.#tokenizer = tokenizer;
    this.#options = options;
    this.#decoder = tokenizer.streamDecoder();
    this.#text = options.opening;
  }

  /** Takes a token; returns the content that is certain now. */
  push(tokenId: number): string {
    if (isShown(this.#tokenizer, tokenId)) this.#text += this.#decoder.push(tokenId);
    const certain = this.#certain();
    const part = this.#text.slice(this.#shown, certain);
    this.#shown = Math.max(this.#shown, certain);
    return part;
  }

  /** Ends the reply: what it says in whole, and the content that was not given out yet. */
  finish(): ParsedReply & { readonly rest: string } {
    this.#text += this.#decoder.flush();
    const places = this.#options.stops.map((stop) => this.#text.indexOf(stop)).filter((place) => place >= 0);
    const text = places.length === 0 ? this.#text : this.#text.slice(0, Math.min(...places));
    const parsed = this.#options.format?.parse(text) ?? { content: text, calls: [] };
    return { ...parsed, rest: parsed.content.slice(this.#shown) };
  }

  /** Up to where no call and no stop string may have begun; blanks before a call may not belong to the content either. */
  #certain(): number {
    const shown = this.#shown;
    const tail = this.#text.slice(shown); // what is shown is certain
    const openings = this.#options.format?.callOpenings ?? [];
    let end = tail.length;
    for (const mark of [...openings, ...this.#options.stops]) {
      const place = tail.indexOf(mark);
      if (place >= 0) end = Math.min(end, place);
      for (let length = Math.min(mark.length - 1, tail.length); length > 0; length--) {
        if (tail.endsWith(mark.slice(0, length))) {
          end = Math.min(end, tail.length - length);
          break;
        }
      }
    }
    return shown + (openings.length === 0 ? end : tail.slice(0, end).trimEnd().length);
  }
}

/** Control tokens are no text, but for tags, which small models have as tokens of their own. */
export function isShown(tokenizer: Pick<Tokenizer, "isSpecial" | "idToToken">, tokenId: number): boolean {
  return !tokenizer.isSpecial(tokenId) || /^<\/?[a-z_]+>$/.test(tokenizer.idToToken(tokenId) ?? "");
}
