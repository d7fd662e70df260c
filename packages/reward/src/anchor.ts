import { withoutEmphasis } from "./sentence.js";

/** The statement of an anchor. */
export interface Anchored {
  readonly text: string;
  /** Start of the anchor, and end of its statement. */
  readonly start: number;
  readonly end: number;
  /** Set if it is called the answer, or only a result or choice. */
  readonly isAnswer: boolean;
}

const LONGEST_DISPLAY = 1_000;

/** The text behind the last “answer is”, “Answer:”, “result is” or `####`. */
export function behindAnchor(text: string): Anchored | undefined {
  let from = -1;
  let start = 0;
  let isAnswer = false;
  for (const match of text.matchAll(/\b(answer|result|option|choice)(?:[*_]{1,3})? ?(?:is|:|=>?|→|⇒)(?:[*_]{1,3}(?=\s))?:?|####/gi)) {
    start = match.index;
    from = match.index + match[0].length;
    isAnswer = match[1] === undefined || match[1].toLowerCase() === "answer";
  }
  if (from < 0) return undefined;
  const lineEnd = indexOrEnd(text, "\n", skipBlanks(text, from));
  const line = text.slice(from, lineEnd);
  const formula = /^\s{0,9}(?:\*\*)?(\$\$?|\\\(|\\\[)/.exec(line);
  if (formula) {
    const close = { $: "$", $$: "$$", "\\(": "\\)", "\\[": "\\]" }[formula[1]!]!;
    // A display may go over several lines.
    const end = (close === "\\]" || close === "$$" ? text.slice(from, from + LONGEST_DISPLAY) : line).indexOf(close, formula[0].length);
    const rest = text.slice(from + end + close.length, Math.max(lineEnd, indexOrEnd(text, "\n", from + end)));
    if (end > 0 && isEndOfStatement(rest))
      return { text: text.slice(from + formula[0].length, from + end).trim(), start, end: from + end + close.length, isAnswer };
  }
  const sentence = /[.!?](?:[*_]{0,3}(?:\s|$))/.exec(line);
  const end = sentence ? sentence.index : line.length;
  return { text: withoutEmphasis(line.slice(0, end).trim().replace(/^\*\*|\*\*$/g, "").trim()), start, end: from + end, isAnswer }; // prettier-ignore
}

/** Checks whether nothing behind a formula belongs to its statement: no “or”, no second formula, no unit. */
function isEndOfStatement(rest: string): boolean {
  return (
    !/^\s*(?:and|or|,|;|\/|\\?%|[-+=<>:^_])/i.test(rest) || /^\s*[,;]\s*(?:which|where|since|because|as|so|and so|hence|thus)\b/i.test(rest)
  );
}

function skipBlanks(text: string, from: number): number {
  let index = from;
  while (text[index] === " " || text[index] === "\n") index++;
  return index;
}

function indexOrEnd(text: string, search: string, from: number): number {
  const index = text.indexOf(search, from);
  return index < 0 ? text.length : index;
}

/** Checks whether what follows an anchor is an answer, and not more words on one that stands before. */
export function isPlausible({ text, isAnswer }: Anchored): boolean {
  return isAnswer && /\d|\$|\\|^\(?[A-Z]\)?(?![A-Za-z])|^(?:yes|no|true|false)\b/i.test(text);
}
