import * as real from "./intrinsics.js";

/** Characters of one string that are shown. */
const MAX_STRING = 10_000;

const ESCAPES: Readonly<Record<number, string>> = { 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 92: "\\\\" };

/** A string literal with Node's choice of quotes: single, else double, else backtick. */
export function quote(text: string): string {
  const shown = cutText(text, MAX_STRING);
  const has = (mark: string): boolean => real.indexOfText(shown, mark) !== -1;
  const mark = !has("'") ? "'" : !has('"') ? '"' : !has("`") && !has("${") ? "`" : "'";
  let result = mark;
  let plainFrom = 0;
  for (let i = 0; i < shown.length; i++) {
    const escape = escapeAt(shown, i, mark);
    if (escape === undefined) continue;
    result += real.sliceText(shown, plainFrom, i) + escape;
    plainFrom = i + 1;
  }
  result += real.sliceText(shown, plainFrom) + mark;
  const rest = text.length - shown.length;
  return rest > 0 ? `${result}... ${rest} more character${rest > 1 ? "s" : ""}` : result;
}

/** The first `most` UTF-16 units of a text, or one less where that would cut a character in half. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const code = most > 0 ? real.charCodeAt(text, most - 1) : 0;
  const isCut = code >= 0xd800 && code < 0xdc00 && isPaired(text, most - 1, code);
  return real.sliceText(text, 0, isCut ? most - 1 : most);
}

function escapeAt(text: string, at: number, mark: string): string | undefined {
  const code = real.charCodeAt(text, at);
  if (code >= 0xd800 && code <= 0xdfff) return isPaired(text, at, code) ? undefined : `\\u${real.numberToText(code, 16)}`;
  if (code >= 32 && code < 127 && code !== 39 && code !== 92) return undefined;
  if (code === 39) return mark === "'" ? "\\'" : undefined;
  const known = real.hasOwn(ESCAPES, code) ? ESCAPES[code] : undefined;
  if (known !== undefined) return known;
  if (code < 32 || (code >= 127 && code < 160)) return `\\x${code < 16 ? "0" : ""}${upper(real.numberToText(code, 16))}`;
  return undefined;
}

function isPaired(text: string, at: number, code: number): boolean {
  const isHigh = code < 0xdc00;
  const other = real.charCodeAt(text, isHigh ? at + 1 : at - 1);
  return isHigh ? other >= 0xdc00 && other <= 0xdfff : other >= 0xd800 && other < 0xdc00;
}

function upper(hex: string): string {
  let result = "";
  for (let i = 0; i < hex.length; i++) {
    const code = real.charCodeAt(hex, i);
    result += code >= 97 ? "ABCDEF"[code - 97]! : hex[i]!;
  }
  return result;
}

/** A property key as it is written in a literal: bare when it is a plain word, else quoted. */
export function showKey(key: string | symbol): string {
  if (typeof key === "symbol") return `[${real.symbolText(key)}]`;
  for (let i = 0; i < key.length; i++) {
    const code = real.charCodeAt(key, i);
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
    const isDigit = code >= 48 && code <= 57;
    if (!isLetter && (i === 0 || !isDigit)) return quote(key);
  }
  return key === "" ? "''" : key;
}
