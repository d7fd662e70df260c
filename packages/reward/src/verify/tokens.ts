import { LIMITS, ParseFailure, Undecided } from "./budget.js";
import { FUNCTION_NAMES, GREEK_NAMES, isUnitWord } from "./vocabulary.js";

export type Token =
  | { readonly kind: "number"; readonly text: string; readonly isSpaced: boolean }
  | { readonly kind: "letter" | "command" | "mark"; readonly text: string; readonly isSpaced: boolean }
  | { readonly kind: "text"; readonly text: string; readonly isSpaced: boolean };

export interface TokenOptions {
  /** Whether a comma between groups of three digits, outside brackets, belongs to a number. */
  readonly thousands: boolean;
}

const IGNORED = new Set(
  "left right displaystyle textstyle limits nolimits ! , ; : > quad qquad big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr ( ) [ ] / boldsymbol bf rm it".split(
    " ",
  ),
);
const TEXT_COMMANDS = new Set(
  "text mbox textbf textit textrm textnormal hbox mathrm operatorname mathbf mathit mathsf mathnormal".split(" "),
);
/** Unicode characters, and commands with another name, as the one form that the parser knows. */
const SAME_CHARACTER: Readonly<Record<string, string>> = {
  "−": "-", "–": "-", "×": "\\times ", "·": "\\cdot ", "⋅": "\\cdot ", "÷": "\\div ", "√": "\\sqrt ", "π": "\\pi ", "∞": "\\infty ", "≤": "\\le ",
  "≥": "\\ge ", "≠": "\\ne ", "∪": "\\cup ", "∩": "\\cap ", "∈": "\\in ", "±": "\\pm ", "∓": "\\mp ", "°": "^\\circ ", "≈": "\\approx ",
  "θ": "\\theta ", "α": "\\alpha ", "β": "\\beta ", "λ": "\\lambda ", "½": "\\frac{1}{2}", "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}",
  "²": "^{2}", "³": "^{3}", "′": "'", "’": "'", "∅": "\\emptyset ", "ℝ": "\\R ",
}; // prettier-ignore

/** Splits an answer into tokens, in one pass; throws ParseFailure for characters that mean nothing. */
export function tokenize(source: string, options: TokenOptions): Token[] {
  if (source.length > LIMITS.length) throw new Undecided(`the answer is longer than ${LIMITS.length} characters`);
  const named = source.replace(/√ ?(\d+)/g, "\\sqrt{$1}");
  const text = [...named].map((character) => SAME_CHARACTER[character] ?? character).join("");
  const tokens: Token[] = [];
  let depth = 0;
  let isSpaced = false;
  const push = (kind: Token["kind"], value: string) => {
    tokens.push({ kind, text: value, isSpaced });
    isSpaced = false;
  };
  const readCommand = (start: number): number => {
    let end = start + 1;
    while (isLetter(text[end])) end++;
    if (end === start + 1) end++;
    const name = text.slice(start + 1, end);
    if (name === "\\" || name === "\\\\") push("mark", "\\\\");
    else if (name === "{" || name === "}" || name === "lbrace" || name === "rbrace") {
      depth += name === "{" || name === "lbrace" ? 1 : -1;
      push("mark", name === "{" || name === "lbrace" ? "\\{" : "\\}");
    } else if (name === "%") push("mark", "%");
    else if (name === "left" || name === "right") {
      if (text[end] === ".") return end + 1;
      if (text[end] === "|") {
        push("mark", name === "left" ? "|(" : "|)");
        return end + 1;
      }
    } else if (TEXT_COMMANDS.has(name)) {
      const group = readGroup(text, end);
      if (group === undefined) return end; // \bf x
      pushText(group.text, name.startsWith("math") || name === "operatorname", push, options);
      return group.end;
    } else if (name === " " || IGNORED.has(name)) isSpaced = true;
    else push("command", name);
    return end;
  };
  for (let i = 0; i < text.length;) {
    const character = text[i]!;
    if (character === "\\") i = readCommand(i);
    else if (
      character === " " ||
      character === "\n" ||
      character === "\t" ||
      character === "~" ||
      character === "\r" ||
      character === "$"
    ) {
      isSpaced = true;
      i++;
    } else if (isDigit(character) || (character === "." && isDigit(text[i + 1]))) {
      const based = readBasedDigits(text, i);
      if (based !== undefined) {
        push("text", text.slice(i, based));
        i = based;
        continue;
      }
      const numeral = readNumeral(text, i, options.thousands && depth === 0);
      push("number", numeral.text);
      i = numeral.end;
    } else if (isLetter(character)) {
      let end = i + 1;
      while (isLetter(text[end])) end++;
      pushWord(text.slice(i, end), push);
      i = end;
    } else {
      if (text.startsWith("**", i)) {
        push("mark", "^");
        i += 2;
        continue;
      }
      const pair = text.slice(i, i + 2);
      if (pair === "<=" || pair === ">=" || pair === "!=" || pair === "==") {
        push(pair === "==" ? "mark" : "command", pair === "==" ? "=" : pair === "<=" ? "le" : pair === ">=" ? "ge" : "ne");
        i += 2;
        continue;
      }
      if (!"+-*/^_=<>()[]{}|,;:!%'&€£".includes(character)) throw new ParseFailure(`unexpected ${describe(character)}`);
      if (character === "(" || character === "[") depth++;
      if (character === ")" || character === "]") depth--;
      push("mark", character);
      i++;
    }
  }
  return tokens;
}

function describe(character: string): string {
  return /^[!-~]$/.test(character)
    ? `“${character}”`
    : `character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

type Push = (kind: Token["kind"], value: string) => void;

/** A run of letters: the name of a function, a word, or variables side by side. */
function pushWord(word: string, push: Push): void {
  const lower = word.toLowerCase();
  if (lower === "or" || lower === "and") push("mark", ",");
  else if (FUNCTION_NAMES.has(lower) || GREEK_NAMES.has(word)) push("command", lower === "infinity" || lower === "inf" ? "infty" : lower);
  else if (isUnitWord(lower) || word.length >= 4) push("text", word);
  else for (const letter of word) push("letter", letter);
}

/** What stands in \text{…}: a joining word, a name of a function, maths, or words. */
function pushText(content: string, isMath: boolean, push: Push, options: TokenOptions): void {
  const trimmed = content.trim();
  const lower = trimmed.toLowerCase().replaceAll(",", "").trim();
  if (lower === "or" || lower === "and" || lower === "") push("mark", ",");
  else if (FUNCTION_NAMES.has(lower)) push("command", lower);
  else if (isMath && trimmed.length === 1) push(isLetter(trimmed) ? "letter" : "text", trimmed);
  else if (/[A-Za-z]/.test(trimmed)) push("text", trimmed);
  else for (const { kind, text } of tokenize(trimmed, options)) push(kind, text);
}

/** A numeral with its separators removed: `1,024`, `1{,}024`, `1,\!024`, `.5`, `1.5e3`. */
function readNumeral(text: string, start: number, thousands: boolean): { readonly text: string; readonly end: number } {
  let end = start;
  while (isDigit(text[end])) end++;
  let digits = text.slice(start, end);
  if (digits.length >= 1 && digits.length <= 3 && digits[0] !== "0") {
    for (;;) {
      const group = groupStart(text, end, thousands);
      if (group === undefined) break;
      digits += text.slice(group, group + 3);
      end = group + 3;
    }
  }
  if (text[end] === "." && isDigit(text[end + 1])) {
    const from = end++;
    while (isDigit(text[end])) end++;
    digits += text.slice(from, end);
  } else if (text.startsWith(".\\overline", end)) {
    digits += ".";
    end++;
  }
  if (digits.length > LIMITS.digits) throw new Undecided(`a numeral has more than ${LIMITS.digits} digits`);
  const exponent = readExponent(text, end, digits);
  return exponent ? { text: digits + exponent.text, end: exponent.end } : { text: digits, end };
}

/** Where digits with letters among them end, if a base follows: 1A_{16}. */
function readBasedDigits(text: string, start: number): number | undefined {
  let end = start;
  while (isDigit(text[end])) end++;
  if (!isLetter(text[end])) return undefined;
  while (isDigit(text[end]) || isLetter(text[end])) end++;
  return text[end] === "_" ? end : undefined;
}

/** `e5`, `E-10`; not the constant in `2e-3`, which is 2e − 3. */
function readExponent(text: string, start: number, mantissa: string): { readonly text: string; readonly end: number } | undefined {
  if (text[start] !== "e" && text[start] !== "E") return undefined;
  const hasSign = text[start + 1] === "+" || text[start + 1] === "-";
  const from = start + (hasSign ? 2 : 1);
  let end = from;
  while (isDigit(text[end])) end++;
  if (end === from || isLetter(text[end])) return undefined;
  if (hasSign && text[start] === "e" && end - from < 2 && mantissa !== "1" && !mantissa.includes(".")) return undefined;
  return { text: `e${text.slice(start + 1, end)}`, end };
}

/** Where the next three digits of a grouped number start, if they do. */
function groupStart(text: string, index: number, thousands: boolean): number | undefined {
  let at: number;
  if (text.startsWith("{,}", index)) at = index + 3;
  else if (text.startsWith(",\\!", index)) at = index + 3;
  else if (text.startsWith("\\,", index)) at = index + 2;
  else if (thousands && text[index] === ",") at = index + 1;
  else return undefined;
  while (text[at] === " " && text[index + 1] === "\\") at++;
  const isGroup = isDigit(text[at]) && isDigit(text[at + 1]) && isDigit(text[at + 2]) && !isDigit(text[at + 3]);
  return isGroup ? at : undefined;
}

/** The text of a balanced `{…}` behind blanks. */
export function readGroup(text: string, start: number): { readonly text: string; readonly end: number } | undefined {
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

export function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= "0" && character <= "9";
}

export function isLetter(character: string | undefined): boolean {
  return character !== undefined && ((character >= "a" && character <= "z") || (character >= "A" && character <= "Z"));
}
