import { lastBoxed } from "./answer.js";

/**
 * Where an answer may stand.
 *
 * - `boxed`: the last balanced `\boxed{…}` or `\fbox{…}`; boxes with nothing but commas, “and” or “or” between them are one
 *   answer, so that boxing every candidate in a row is no answer to a question that has one.
 * - `tag`: the last `<answer>…</answer>`; a box in it is preferred.
 * - `anchor`: what follows the last “answer is”, “Answer:”, “result is” or `####`, up to the end of the sentence.
 * - `expression`: the last formula between dollar signs, `\(…\)` or `\[…\]`.
 * - `number`: the last number or fraction.
 */
export type AnswerSource = "boxed" | "tag" | "anchor" | "expression" | "number";

export interface ExtractOptions {
  /** Tried in this order; the first that finds something decides. Default: all, in the order above. */
  readonly sources?: readonly AnswerSource[];
  /** Look only at so many characters at the end of the response. Default: all of it. */
  readonly window?: number;
}

/** An answer found in a response. */
export interface ExtractedAnswer {
  readonly text: string;
  readonly source: AnswerSource;
  /** UTF-16 indices into the response: where the match begins, box or tag included. */
  readonly start: number;
  readonly end: number;
}

type Found = Omit<ExtractedAnswer, "source">;

const SOURCES: readonly AnswerSource[] = ["boxed", "tag", "anchor", "expression", "number"];
const MAX_BOXES = 20;

/** Finds the answer of a response; undefined if no source has one. Takes time linear in the response. */
export function extractAnswer(
  response: string,
  { sources = SOURCES, window = Infinity }: ExtractOptions = {},
): ExtractedAnswer | undefined {
  const offset = Math.max(0, response.length - window);
  const text = response.slice(offset);
  for (const source of sources) {
    const found = find(text, source);
    if (found && found.text.trim() !== "") return { text: found.text, source, start: found.start + offset, end: found.end + offset };
  }
  return undefined;
}

function find(text: string, source: AnswerSource): Found | undefined {
  switch (source) {
    case "boxed":
      return joinedBoxes(text);
    case "tag":
      return lastTag(text);
    case "anchor":
      return behindAnchor(text);
    case "expression":
      return lastFormula(text);
    case "number":
      return lastNumber(text);
  }
}

function joinedBoxes(text: string): Found | undefined {
  const last = lastBoxed(text);
  if (last === undefined) return undefined;
  let joined = last.text;
  const texts = [last.text];
  let { start } = last;
  for (let boxes = 1; boxes < MAX_BOXES; boxes++) {
    const before = lastBoxed(text.slice(0, start));
    const gap = before && text.slice(before.end, start);
    if (before === undefined || gap === undefined || !isJoint(gap)) break;
    if (!texts.includes(before.text)) {
      texts.push(before.text);
      joined = `${before.text}${/\bor\b/i.test(gap) ? " or " : ", "}${joined}`;
    }
    ({ start } = before);
  }
  return { text: joined, start, end: last.end };
}

function isJoint(gap: string): boolean {
  if (gap.length > 60) return false;
  return /^(?:and|or|text|quad|[\s$,;&\\{}()])*$/i.test(gap);
}

function lastTag(text: string): Found | undefined {
  const close = text.lastIndexOf("</answer>");
  const open = close < 0 ? -1 : text.lastIndexOf("<answer>", close);
  if (open < 0) return undefined;
  const inner = text.slice(open + "<answer>".length, close);
  return { text: joinedBoxes(inner)?.text ?? inner.trim(), start: open, end: close + "</answer>".length };
}

function behindAnchor(text: string): Found | undefined {
  let from = -1;
  let start = 0;
  for (const match of text.matchAll(/\b(?:answer|result|option|choice)(?:\*\*)? ?(?:is|:|=)(?:\*\*)?:?|####/gi)) {
    start = match.index;
    from = match.index + match[0].length;
  }
  if (from < 0) return undefined;
  const lineEnd = indexOrEnd(text, "\n", skipBlanks(text, from));
  const line = text.slice(from, lineEnd);
  const formula = /^\s{0,9}(?:\*\*)?(\$\$?|\\\(|\\\[)/.exec(line);
  if (formula) {
    const close = { $: "$", $$: "$$", "\\(": "\\)", "\\[": "\\]" }[formula[1]!]!;
    const end = line.indexOf(close, formula[0].length);
    if (end > 0) return { text: line.slice(formula[0].length, end).trim(), start, end: from + end + close.length };
  }
  const sentence = /[.!?](?:\s|$)/.exec(line);
  const end = sentence ? sentence.index : line.length;
  return { text: line.slice(0, end).replaceAll("**", "").trim(), start, end: from + end };
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

function lastFormula(text: string): Found | undefined {
  let best: Found | undefined;
  for (const [open, close] of [
    ["$", "$"],
    ["\\(", "\\)"],
    ["\\[", "\\]"],
  ] as const) {
    let end = text.lastIndexOf(close);
    if (open === "$") while (end > 0 && text[end - 1] === "$") end--;
    const start = end <= 0 ? -1 : text.lastIndexOf(open, end - 1);
    if (start < 0 || (best && best.end > end) || (open === "$" && isProse(text.slice(start + 1, end)))) continue;
    best = { text: text.slice(start + open.length, end).trim(), start, end: end + close.length };
  }
  return best;
}

/** Whether what stands between two dollar signs is no formula: they were prices. */
function isProse(inner: string): boolean {
  return inner.includes("\n") || /(?:^|[^\\{A-Za-z])[A-Za-z]{2,} [A-Za-z]{2,}/.test(inner) || /[=/+] ?$/.test(inner) || inner.endsWith(" ");
}

function lastNumber(text: string): Found | undefined {
  let last: RegExpExecArray | undefined;
  for (const match of text.matchAll(/-?(?:\d+(?:,\d{3})*(?:\.\d+)?(?:\/\d+)?|\.\d+)/g)) last = match;
  return last && { text: last[0], start: last.index, end: last.index + last[0].length };
}
