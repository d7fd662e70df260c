import { LIMITS, ParseFailure, Undecided } from "./budget.js";
import { asciiOf, isDigit, isLetter } from "./characters.js";
import { readBasedDigits, readNumeral } from "./numerals.js";
import type { Token, TokenOptions } from "./token.js";
import { readGroup, tokensOfText, tokensOfWord } from "./token-words.js";

const IGNORED = new Set(
  "left right displaystyle textstyle limits nolimits ! , ; : > quad qquad big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr ( ) [ ] / boldsymbol bf rm it underline".split(
    " ",
  ),
);
const TEXT_COMMANDS = new Set(
  "text mbox textbf textit textrm textnormal hbox mathrm operatorname mathbf mathit mathsf mathnormal".split(" "),
);
const SAME_COMMAND: Readonly<Record<string, string>> = {
  bigcup: "cup", bigcap: "cap", vert: "|", mid: "|", colon: ":", lor: "or", vee: "or", land: ",", wedge: ",", dots: "ldots", cdots: "ldots",
}; // prettier-ignore
/** Signs of two or three characters, in the order in which they are tried. */
const LONG_MARKS = [
  ["...", "command", "ldots"],
  ["**", "mark", "^"],
  ["<=", "command", "le"],
  [">=", "command", "ge"],
  ["!=", "command", "ne"],
  ["==", "mark", "="],
  [":=", "mark", "="],
] as const;
const BLANKS = " \n\t\r~$";
const MARKS = "+-*/^_=<>()[]{}|,;:!%'&€£";

/** Splits an answer into tokens, in one pass; throws ParseFailure for characters that mean nothing. */
export function tokenize(source: string, options: TokenOptions): Token[] {
  if (source.length > LIMITS.length) throw new Undecided(`the answer is longer than ${LIMITS.length} characters`);
  const { text, origins } = asciiOf(source);
  const tokens: Token[] = [];
  let depth = 0;
  let isSpaced = false;
  const push = (kind: Token["kind"], value: string) => {
    tokens.push({ kind, text: value, shown: value, isSpaced });
    isSpaced = false;
  };
  const pushAll = (parts: readonly Token[]) => {
    for (const { kind, text: value } of parts) push(kind, value);
  };
  const readCommand = (start: number): number => {
    let end = start + 1;
    while (isLetter(text[end])) end++;
    if (end === start + 1) end++;
    const given = text.slice(start + 1, end);
    const name = Object.hasOwn(SAME_COMMAND, given) ? SAME_COMMAND[given]! : given;
    if (name !== given && name.length < 3) push("mark", name);
    else if (name === "\\") push("mark", "\\\\");
    else if (name === "%") push("mark", "%");
    else if (name === "{" || name === "}" || name === "lbrace" || name === "rbrace") {
      depth += name === "{" || name === "lbrace" ? 1 : -1;
      push("mark", name === "{" || name === "lbrace" ? "\\{" : "\\}");
    } else if ((name === "left" || name === "right") && text[end] === ".") return end + 1;
    else if ((name === "left" || name === "right") && text[end] === "|") {
      push("mark", name === "left" ? "|(" : "|)");
      return end + 1;
    } else if (name === "color") return readGroup(text, end)?.end ?? end;
    else if (TEXT_COMMANDS.has(name)) {
      const group = readGroup(text, end);
      if (group === undefined) return end; // \bf x
      const isMath = name.startsWith("math") || name === "operatorname";
      const place = {
        isMath,
        isUpright: name === "mathrm",
        before: tokens.at(-1),
        tokenize: (inside: string) => tokenize(inside, options),
      };
      pushAll(tokensOfText(group.text, place));
      return group.end;
    } else if (name === " " || IGNORED.has(name)) isSpaced = true;
    else push("command", name);
    return end;
  };
  for (let i = 0; i < text.length;) {
    const [from, known] = [i, tokens.length];
    const character = text[i]!;
    const isNumber = isDigit(character) || (character === "." && isDigit(text[i + 1]));
    const based = isNumber || isLetter(character) ? readBasedDigits(text, i) : undefined;
    if (character === "\\") i = readCommand(i);
    else if (BLANKS.includes(character)) {
      isSpaced = true;
      i++;
    } else if (based !== undefined) {
      push("text", text.slice(i, based));
      i = based;
    } else if (isNumber) {
      const numeral = readNumeral(text, i, options.thousands && depth === 0);
      push("number", numeral.text);
      i = numeral.end;
    } else if (isLetter(character)) {
      let end = i + 1;
      while (isLetter(text[end])) end++;
      pushAll(tokensOfWord(text.slice(i, end), tokens.at(-1), text.slice(end, end + 8)));
      i = end;
    } else {
      const long = LONG_MARKS.find(([mark]) => text.startsWith(mark, i));
      if (!long && !MARKS.includes(character)) throw new ParseFailure(`unexpected ${describe(source.slice(origins[i]))}`);
      if (character === "(" || character === "[") depth++;
      if (character === ")" || character === "]") depth--;
      if (long) push(long[1], long[2]);
      else push("mark", character);
      i += long ? long[0].length : 1;
    }
    const written = source.slice(origins[from]!, Math.max(origins[i]!, origins[from]! + 1)).trim();
    for (let at = known; at < tokens.length; at++) {
      if (tokens.length === known + 1 || !written.includes(tokens[at]!.text)) tokens[at] = { ...tokens[at]!, shown: written };
    }
  }
  return tokens;
}

function describe(rest: string): string {
  const code = rest.codePointAt(0) ?? 0;
  const character = String.fromCodePoint(code);
  return /^[!-~]$/.test(character) ? `“${character}”` : `character U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
