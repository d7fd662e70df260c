/** A `\boxed{…}` found in a text; offsets are UTF-16 indices. */
export interface BoxedAnswer {
  /** What stands between the braces. */
  readonly text: string;
  /** Index of the backslash. */
  readonly start: number;
  /** Index behind the closing brace. */
  readonly end: number;
}

/**
 * Finds the last `\boxed{…}` or `\fbox{…}` whose braces close; of nested ones the innermost last.
 *
 * Escaped braces `\{` and `\}` do not count, and blanks may stand before the opening brace. A box that never closes is
 * passed over, and an earlier one found. One pass over the text, whatever it holds.
 */
export function lastBoxed(text: string): BoxedAnswer | undefined {
  const openBraces: (OpenBox | undefined)[] = []; // undefined: a brace that opens no box
  let last: BoxedAnswer | undefined;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "\\") {
      const brace = openingBraceOfBox(text, i);
      if (brace !== undefined) {
        openBraces.push({ start: i, brace });
        i = brace;
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
  return last;
}

interface OpenBox {
  readonly start: number;
  readonly brace: number;
}

/** Index of the `{` of a box command at `start`, if there is one. */
function openingBraceOfBox(text: string, start: number): number | undefined {
  const command = text.startsWith("\\boxed", start) ? 6 : text.startsWith("\\fbox", start) ? 5 : 0;
  if (command === 0) return undefined;
  let index = start + command;
  while (text[index] === " ") index++;
  return text[index] === "{" ? index : undefined;
}

/** Whether a backslash before `index` takes the character there out of the count. `\\boxed{` is still a box. */
function isEscapable(text: string, index: number): boolean {
  const character = text[index];
  return character === "{" || character === "}" || (character === "\\" && openingBraceOfBox(text, index) === undefined);
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
