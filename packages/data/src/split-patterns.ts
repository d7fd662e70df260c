/**
 * Qwen2's split: contractions, words with one leading blank or sign, digits one by one, runs of signs with the line ends
 * after them, line ends, blanks.
 */
export const QWEN_SPLIT = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** A single blank that a number, or the end of the text, follows: it belongs to the piece before it. */
const BLANK_BEFORE_NUMBER = String.raw`(?: (?!\P{N}))?`;

/**
 * A split for small vocabularies, where a digit is always the same token: digits stand alone and never carry a blank,
 * because the piece before a number takes it (`gcd| of |4|8| and |3|6`). Words and names, runs of signs, and LaTeX
 * commands with their brace (`\boxed{`) are one piece each, with a leading blank where there is one.
 */
export const TINY_SPLIT = [
  String.raw` ?\\\p{L}+\{?${BLANK_BEFORE_NUMBER}`,
  String.raw` ?[\p{L}_]+${BLANK_BEFORE_NUMBER}`,
  String.raw`\p{N}`,
  String.raw` ?[^\s\p{L}\p{N}_\\]+${BLANK_BEFORE_NUMBER}`,
  String.raw`[\r\n]+`,
  String.raw` +`,
  String.raw`\\`,
  String.raw`\s`,
].join("|");
