import type { AddedToken } from "./tokenizer-files.js";

/** A stretch of ordinary text, or the id of an added token. */
export type Section = string | number;

/** Cuts text at added tokens: leftmost first, and the longest of those that begin there. */
export class AddedTokenSplitter {
  readonly #pattern: RegExp | undefined;
  readonly #idOf: ReadonlyMap<string, number>;

  /** @param normalize - applied to each token's content before it is looked for. */
  constructor(tokens: readonly AddedToken[], normalize: (text: string) => string = (text) => text) {
    const named = tokens.map((token) => ({ ...token, content: normalize(token.content) })).filter((token) => token.content !== "");
    named.sort((a, b) => b.content.length - a.content.length);
    this.#idOf = new Map(named.map((token) => [token.content, token.id]));
    this.#pattern = named.length === 0 ? undefined : new RegExp(named.map(tokenPattern).join("|"), "gu");
  }

  split(text: string): Section[] {
    if (this.#pattern === undefined) return text === "" ? [] : [text];
    const sections: Section[] = [];
    let end = 0;
    for (const match of text.matchAll(this.#pattern)) {
      if (match.index > end) sections.push(text.slice(end, match.index));
      sections.push(this.#idOf.get(match[0]) ?? this.#idOf.get(match[0].replace(OUTER_BLANKS, ""))!);
      end = match.index + match[0].length;
    }
    if (end < text.length) sections.push(text.slice(end));
    return sections;
  }
}

const OUTER_BLANKS = /^\p{White_Space}+|\p{White_Space}+$/gu;

function tokenPattern({ content, lstrip, rstrip, single_word: singleWord }: AddedToken): string {
  const escaped = content.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  const word = singleWord ? `(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])` : escaped;
  const blanks = "\\p{White_Space}*";
  return `${lstrip ? blanks : ""}${word}${rstrip ? blanks : ""}`;
}
