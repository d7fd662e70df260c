import { ParseFailure } from "./budget.js";
import { isLetter } from "./characters.js";
import type { Read } from "./numerals.js";
import type { Token } from "./token.js";
import { FUNCTION_NAMES, GREEK_NAMES, isUnitWord } from "./vocabulary.js";

function token(kind: Token["kind"], text: string): Token {
  return { kind, text, shown: text, isSpaced: false };
}

/** A run of letters: a joining word, the name of a function, a unit or another word, or variables side by side. */
export function tokensOfWord(word: string, before: Token | undefined, behind: string): Token[] {
  const lower = word.toLowerCase();
  const joint = jointOf(lower);
  if (joint) return [joint];
  const isBehindNumber = before?.kind === "number";
  // 3 to 4, 1.2 x 10^5
  if (lower === "to" && isBehindNumber && /^ \d/.test(behind)) return [token("mark", ":")];
  if (lower === "x" && isBehindNumber && /^ ?10(?:\^|\*\*)/.test(behind)) return [token("command", "times")];
  if (isBehindNumber && word === "min" && !/^ ?[({[]/.test(behind)) return [token("text", word)]; // 90 min
  if (word === "oo") return [token("command", "infty")];
  if (FUNCTION_NAMES.has(lower) || GREEK_NAMES.has(word))
    return [token("command", FUNCTION_NAMES.has(lower) ? (lower.startsWith("inf") ? "infty" : lower) : word)];
  if (isBehindNumber && /^[mg]$/.test(word) && /^ ?\/ ?(?:s|h|min|L)(?:\^|[^A-Za-z]|$)/.test(behind)) return [token("text", word)]; // 5 m/s
  const isOrdinal = isBehindNumber && /^(?:st|nd|rd|th)$/.test(lower);
  if (isOrdinal || isUnitWord(lower) || word.length >= 4 || (word.length > 1 && before?.kind === "text")) return [token("text", word)];
  return [...word].map((letter) => token("letter", letter));
}

/** `or` joins alternatives; `and` does what a comma does. */
function jointOf(lower: string): Token | undefined {
  if (lower === "or") return token("mark", "or");
  return lower === "and" ? token("mark", ",") : undefined;
}

interface TextPlace {
  readonly isMath: boolean;
  /** Set if the command is `\mathrm`, in which units are often set. */
  readonly isUpright: boolean;
  readonly before: Token | undefined;
  /** Reads the inside as mathematics. */
  readonly tokenize: (inside: string) => Token[];
}

/** Tokens of what stands in \text{…}: a joining word, a name of a function, maths, or words. */
export function tokensOfText(content: string, { isMath, isUpright, before, tokenize }: TextPlace): Token[] {
  const trimmed = content.replaceAll("~", " ").trim();
  const lower = trimmed.toLowerCase().replaceAll(",", "").trim();
  const joint = lower === "" ? token("mark", ",") : jointOf(lower);
  if (joint) return content.trim() === "" && !content.includes(",") ? [] : [joint];
  if (FUNCTION_NAMES.has(lower)) return [token("command", lower)];
  if (lower === "to" && before?.kind === "number") return [token("mark", ":")];
  if (isMath && trimmed.length === 1 && isLetter(trimmed)) {
    // \mathrm{~C}, 5\mathrm{m}
    const isUnit = isUpright && (content !== trimmed || (before?.kind === "number" && /[msghNKJWVL]/.test(trimmed)));
    return [token(isUnit ? "text" : "letter", trimmed)];
  }
  if (/^(?:\\?\$)?\d[\d,.]* /.test(trimmed)) return tokenize(trimmed); // \text{100 dollars}
  if (/[A-Za-z]/.test(trimmed)) return [token("text", trimmed)];
  return /^[.!?]*$/.test(trimmed) ? [] : tokenize(trimmed);
}

/** The text of a balanced `{…}` behind blanks. */
export function readGroup(text: string, start: number): Read | undefined {
  let open = start;
  while (text[open] === " ") open++;
  if (text[open] !== "{") return undefined;
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return { text: text.slice(open + 1, i), end: i + 1 };
  }
  throw new ParseFailure("a brace never closes");
}
