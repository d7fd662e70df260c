import type { TextCodec } from "../src/index.js";

/** Tokens of several characters; two have text behind a stop string. */
const WORDS = [
  "<eos>",
  "<code>",
  "</code>",
  "<interpreter>",
  "</interpreter>",
  "<answer>",
  "</answer>",
  "</code>\n\n",
  "</answer>.",
  "<|im_start|>",
  "<|im_end|>",
] as const;
/** Tokens that no text is spelled with: a policy may sample them, `encode` does not give them. */
const UNSPELLED: readonly string[] = ["</code>\n\n", "</answer>."];
const FIRST_CHARACTER = 100;

export const EOS = 0;

/** A vocabulary of the dialect's tags and of single code points. Only trusted text may hold a tag's token. */
export const codec: TextCodec = {
  encode(text) {
    const ids: number[] = [];
    for (let at = 0; at < text.length;) {
      const word = WORDS.findIndex((candidate) => !UNSPELLED.includes(candidate) && text.startsWith(candidate, at));
      const point = text.codePointAt(at)!;
      ids.push(word < 0 ? point + FIRST_CHARACTER : word);
      at += word < 0 ? String.fromCodePoint(point).length : WORDS[word]!.length;
    }
    return ids;
  },
  encodeUntrusted: (text) => Array.from(text, (character) => character.codePointAt(0)! + FIRST_CHARACTER),
  decode: (ids) => Array.from(ids, (id) => WORDS[id] ?? String.fromCodePoint(id - FIRST_CHARACTER)).join(""),
};

/** The id of one multi-character token. */
export function word(text: (typeof WORDS)[number]): number {
  return WORDS.indexOf(text);
}

/** Ids of a turn as a policy would write it: pieces of text, and tokens named by their id. */
export function turn(...pieces: readonly (string | number)[]): number[] {
  return pieces.flatMap((piece) => (typeof piece === "number" ? [piece] : codec.encode(piece)));
}
