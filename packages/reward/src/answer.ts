/** A `\boxed{…}` found in a text; offsets are UTF-16 indices. */
export interface BoxedAnswer {
  /** The text between the braces. */
  readonly text: string;
  /** Index of the backslash. */
  readonly start: number;
  /** Index behind the closing brace. */
  readonly end: number;
}

/**
 * The last box of a text: `\boxed{…}` or `\fbox{…}`, or `\boxed 7` around a number or a formula; of nested ones the innermost last.
 *
 * Escaped braces `\{` and `\}` do not count, and blanks may stand before the opening brace. A last box that never closes is cut off:
 * then there is none, whatever was boxed before. One pass over the text, whatever it holds.
 */
export function lastBoxed(text: string): BoxedAnswer | undefined {
  const openBraces: (OpenBox | undefined)[] = []; // undefined: a brace that opens no box
  let last: BoxedAnswer | undefined;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "\\") {
      const brace = openingBraceOfBox(text, i);
      const bare = brace === undefined ? bareBox(text, i) : undefined;
      if (brace !== undefined) {
        openBraces.push({ start: i, brace });
        i = brace;
      } else if (bare !== undefined) {
        last = bare;
        i = bare.end - 1;
      } else if (isEscapable(text, i + 1)) {
        i++;
      }
    } else if (character === "{") {
      openBraces.push(undefined);
    } else if (character === "}") {
      const box = openBraces.pop();
      if (box && (last === undefined || box.start > last.start))
        last = { text: text.slice(box.brace + 1, i), start: box.start, end: i + 1 };
    }
  }
  const isCutOff = openBraces.some((box) => box !== undefined && box.start > (last?.start ?? -1));
  return isCutOff ? undefined : last;
}

/** Start of a last box that never closes: the text breaks off in it. */
export function cutOffBox(text: string): number | undefined {
  if (lastBoxed(text) !== undefined) return undefined;
  const start = Math.max(text.lastIndexOf("\\boxed"), text.lastIndexOf("\\fbox"));
  return start >= 0 && openingBraceOfBox(text, start) !== undefined ? start : undefined;
}

interface OpenBox {
  readonly start: number;
  readonly brace: number;
}

/** Length of a box command at `start`, 0 if there is none. */
function boxCommandAt(text: string, start: number): number {
  return text.startsWith("\\boxed", start) ? 6 : text.startsWith("\\fbox", start) ? 5 : 0;
}

/** Index of the `{` of a box command at `start`, if there is one. */
function openingBraceOfBox(text: string, start: number): number | undefined {
  const command = boxCommandAt(text, start);
  if (command === 0) return undefined;
  let index = start + command;
  while (text[index] === " ") index++;
  return text[index] === "{" ? index : undefined;
}

/** A number, or a command with its arguments. */
const BARE =
  / *([-+]?\d*\\sqrt *(?:\[\d+\] *)?(?:\{[^{}]*\}|\d+)|[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\/\d+)?%?|\\[dt]?frac *(?:\{[^{}]*\}|\d) *(?:\{[^{}]*\}|\d)|\\(?:pi|infty|emptyset)(?![A-Za-z]))/y;
/** All of a formula that ends with a dollar sign or a bracket, if it has no words. */
const BARE_FORMULA = /[ ]*([^\s$\\{}][^$\n{}]{0,60}?|[^\s$\\{}]) ?(?=\$|\\\)|\\\])/y;

/** A box without braces: in TeX it is around the next sign, as people write it around the rest of the formula. */
function bareBox(text: string, start: number): BoxedAnswer | undefined {
  const command = boxCommandAt(text, start);
  if (command === 0 || /[A-Za-z]/.test(text[start + command] ?? "")) return undefined;
  for (const pattern of [BARE_FORMULA, BARE]) {
    pattern.lastIndex = start + command;
    const match = pattern.exec(text);
    if (match && !/[A-Za-z]{2,} [A-Za-z]/.test(match[1]!)) return { text: match[1]!, start, end: start + command + match[0].length };
  }
  return undefined;
}

/** Checks whether a backslash before `index` takes the character there out of the count. `\\boxed{` is still a box. */
function isEscapable(text: string, index: number): boolean {
  const character = text[index];
  return character === "{" || character === "}" || (character === "\\" && boxCommandAt(text, index) === 0);
}

/**
 * verl's `last_boxed_only_string`: the last `\boxed{` up to the brace that closes it, both included. Undefined if that
 * one never closes, even if an earlier one does. Every brace counts, `\fbox` does not.
 *
 * https://github.com/volcengine/verl, `verl/utils/reward_score/math_dapo.py`.
 */
export function lastBoxedOnlyString(text: string): string | undefined {
  const start = text.lastIndexOf("\\boxed{");
  if (start < 0) return undefined;
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return text.slice(start, i + 1);
  }
  return undefined;
}
