import { lastBoxed } from "../answer.js";
import { respelled } from "./spellings.js";
import { canonicalUnit, isArithmeticWord, NUMBER_WORDS } from "./vocabulary.js";
import { plainWords } from "./words.js";

const WRAPPERS = [
  ["$$", "$$"],
  ["$", "$"],
  ["\\(", "\\)"],
  ["\\[", "\\]"],
  ["**", "**"],
  ["`", "`"],
  ['"', '"'],
  ["“", "”"],
] as const;

/** Phrases for which there is a symbol, or another phrase. */
const SAME_PHRASE: Readonly<Record<string, string>> = {
  "all real numbers": "\\mathbb{R}", "all reals": "\\mathbb{R}", "the real numbers": "\\mathbb{R}", "no solution": "\\emptyset",
  "no solutions": "\\emptyset", "no real solution": "\\emptyset", "no real solutions": "\\emptyset", "empty set": "\\emptyset",
  "the empty set": "\\emptyset", dne: "\\text{does not exist}",
}; // prettier-ignore

/** Without dollar signs, `\(…\)`, a box, Markdown and quotation marks around all of it, and without what ends a sentence. */
export function unwrapped(answer: string): string {
  let text = answer.trim();
  for (let round = 0; round < 6; round++) {
    const before = text;
    if (/[.。;,]$/.test(text) && !text.endsWith("\\left.") && !/\\[;,]$/.test(text) && !text.endsWith("..."))
      text = text.slice(0, -1).trimEnd();
    if (text.endsWith("\\\\")) text = text.slice(0, -2).trimEnd();
    for (const [open, close] of WRAPPERS) {
      if (text.length > open.length + close.length && text.startsWith(open) && text.endsWith(close) && !text.endsWith(`\\${close}`)) {
        const inner = text.slice(open.length, -close.length);
        if (!inner.includes(close)) text = inner.trim();
      }
    }
    const box = text.startsWith("\\boxed") || text.startsWith("\\fbox") ? lastBoxed(text) : undefined;
    if (box?.start === 0 && box.end === text.length) text = box.text.trim();
    text = respelled(text);
    if (text === before) break;
  }
  return withSymbol(text);
}

function withSymbol(text: string): string {
  if (text.length > 60) return text;
  const phrase = /^\\text\{([^{}\\]*)\}$/.exec(text)?.[1] ?? text;
  const lower = phrase.trim().toLowerCase();
  if (Object.hasOwn(SAME_PHRASE, lower)) return SAME_PHRASE[lower]!;
  return NUMBER_WORDS.get(lower)?.toString() ?? fractionInWords(lower) ?? text;
}

const PARTS = ["half", "third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/** `\frac{3}{4}` for “three quarters”. */
function fractionInWords(phrase: string): string | undefined {
  const [, count, part, plural] =
    /^(an?|[a-z]{3,5})[ -]([a-z]{4,7}?)(s?)$/.exec(phrase.replace("halves", "halfs").replace("fourth", "quarter")) ?? [];
  const number = count === undefined || count === "a" || count === "an" ? 1 : NUMBER_WORDS.get(count);
  const place = PARTS.indexOf(part ?? "");
  if (count === undefined || number === undefined || place < 0 || (plural === "s") !== (number !== 1)) return undefined;
  return `\\frac{${number}}{${place + 2}}`;
}

/**
 * The number of “25 years old” or “4 red balls”: what stands before words that are counted. Undefined where there are no such words,
 * or where they could change the number. Only for a gold answer that is a plain number, where letters cannot be variables, or one with a
 * unit, which must be among the words then: “4 red balls” are 4 balls, 5 cents are not 5 dollars.
 */
export function withoutCountedNoun(answer: string, unit?: string): string | undefined {
  if (answer.length > 200) return undefined;
  const parts = answer.replace(/(?<=[\d})] )\(([A-Za-z][A-Za-z '’-]*)\)$/, "$1").split(" ");
  let first = parts.length;
  while (first > 1 && /^[A-Za-z][A-Za-z'’-]+$/.test(parts[first - 1]!)) first--;
  const words = parts.slice(first);
  const head = parts.slice(0, first).join(" ");
  if (words.length === 0 || words.length > 6 || !/[\d})]$/.test(head) || /[A-Za-z]/.test(head.replace(/\\[A-Za-z]+/g, "")))
    return undefined;
  if (unit !== undefined && !words.some((word) => canonicalUnit(word) === unit)) return undefined;
  return words.some(isArithmeticWord) || !words.some((word) => word.length > 2) ? undefined : head;
}

/** Checks whether two answers that cannot be read are the same text but for their looks. */
export function isSameText(a: string, b: string): boolean {
  if (bareText(a) === bareText(b)) return true;
  const isPlain = !/[\^_]/.test(a + b);
  return isPlain && plainWords(a).toLowerCase() === plainWords(b).toLowerCase();
}

/** A text without blanks and without commands that only change its looks. */
function bareText(answer: string): string {
  return answer
    .replace(/\\(?:left|right|displaystyle|quad|,|;|!|:| )(?![A-Za-z])/g, "")
    .replace(/\\[dt]frac(?![A-Za-z])/g, "\\frac")
    .replace(/[\s$]/g, "");
}
