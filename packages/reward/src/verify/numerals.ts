import { LIMITS, Undecided } from "./budget.js";
import { isDigit, isLetter } from "./characters.js";

/** A piece of a text and the index behind it. */
export interface Read {
  readonly text: string;
  readonly end: number;
}

/**
 * A numeral with its separators removed: `1,024`, `1{,}024`, `1,\!024`, `1 234 567`, `1.234.567`, `.5`, `1{,}5`, `1.5e3`. Digits that repeat
 * without end stand between parentheses: `0.1(6)` for `0.1\overline{6}`, `0.1\dot{6}`, `0.1666…`.
 */
export function readNumeral(text: string, start: number, thousands: boolean): Read {
  let end = start;
  while (isDigit(text[end])) end++;
  let digits = text.slice(start, end);
  if (digits.length >= 1 && digits.length <= 3 && digits[0] !== "0") {
    for (let separator: string | undefined; ;) {
      const group = groupStart(text, end, thousands, separator);
      if (group === undefined) break;
      separator ??= text[end]!;
      digits += text.slice(group, group + 3);
      end = group + 3;
    }
  }
  if (text[end] === "." && isDigit(text[end + 1])) {
    const from = end++;
    while (isDigit(text[end])) end++;
    digits += text.slice(from, end);
  } else if (text.startsWith("{,}", end) && isDigit(text[end + 3])) {
    const from = end + 3; // a decimal comma
    for (end = from; isDigit(text[end]);) end++;
    digits += `.${text.slice(from, end)}`;
  } else if (text[end] === "." && periodAt(text, end + 1)) {
    digits += ".";
    end++;
  }
  if (digits.length > LIMITS.digits) throw new Undecided(`a numeral has more than ${LIMITS.digits} digits`);
  if (digits.includes(".")) {
    const period = periodAt(text, end) ?? shownPeriod(text, end, digits);
    if (period) return { text: `${period.before ?? digits}(${period.text})`, end: period.end };
  }
  const exponent = readExponent(text, end, digits);
  return exponent ? { text: digits + exponent.text, end: exponent.end } : { text: digits, end };
}

interface Period extends Read {
  /** The digits before the period, where some of those read belong to it. */
  readonly before?: string;
}

/** `\overline{6}`, `\bar{6}`, `\dot{6}` or `(6)` behind a decimal point. */
function periodAt(text: string, start: number): Period | undefined {
  const open = ["\\overline{", "\\bar{", "\\dot{", "("].find((mark) => text.startsWith(mark, start));
  if (open === undefined) return undefined;
  const from = start + open.length;
  let end = from;
  while (isDigit(text[end])) end++;
  return end > from && text[end] === (open === "(" ? ")" : "}") ? { text: text.slice(from, end), end: end + 1 } : undefined;
}

const ELLIPSES = ["...", "\\ldots", "\\dots", "\\cdots"];

/** The period of decimals that go on: 0.333…, 0.1666…, 0.1212…. One digit must be seen three times, more digits twice. */
function shownPeriod(text: string, start: number, digits: string): Period | undefined {
  const ellipsis = ELLIPSES.find((mark) => text.startsWith(mark, start));
  if (ellipsis === undefined) return undefined;
  const decimals = digits.slice(digits.indexOf(".") + 1);
  for (let size = 1; size <= 12; size++) {
    const period = decimals.slice(-size);
    const times = size === 1 ? 3 : 2;
    if (decimals.length < size * times) return undefined;
    if (decimals.endsWith(period.repeat(times)))
      return { text: period, end: start + ellipsis.length, before: digits.slice(0, -size * times) };
  }
  return undefined;
}

/** End of digits with letters among them end, if a base follows: 1A_{16}, AB_{16}. */
export function readBasedDigits(text: string, start: number): number | undefined {
  let end = start;
  while (isDigit(text[end])) end++;
  const isDigitsFirst = end > start;
  if (isDigitsFirst ? !isLetter(text[end]) : !isHexDigit(text[start]) || !isHexDigit(text[start + 1])) return undefined;
  const limit = start + 64;
  while (end < limit && (isDigit(text[end]) || (isDigitsFirst ? isLetter(text[end]) : isHexDigit(text[end])))) end++;
  return text[end] === "_" && (isDigitsFirst || /^_\{?1[1-6]\b/.test(text.slice(end, end + 5))) ? end : undefined;
}

function isHexDigit(character: string | undefined): boolean {
  return isDigit(character) || (character !== undefined && character >= "A" && character <= "F");
}

/** `e5`, `E-10`; not the constant in `2e-3`, which is 2e − 3. */
function readExponent(text: string, start: number, mantissa: string): Read | undefined {
  if (text[start] !== "e" && text[start] !== "E") return undefined;
  const hasSign = text[start + 1] === "+" || text[start + 1] === "-";
  const from = start + (hasSign ? 2 : 1);
  let end = from;
  while (isDigit(text[end])) end++;
  if (end === from || isLetter(text[end])) return undefined;
  if (hasSign && text[start] === "e" && end - from < 2 && mantissa !== "1" && !mantissa.includes(".")) return undefined;
  return { text: `e${text.slice(start + 1, end)}`, end };
}

/** Start of the next three digits of a grouped number, if they do; all groups have one separator. */
function groupStart(text: string, index: number, thousands: boolean, separator: string | undefined): number | undefined {
  if (separator !== undefined && text[index] !== separator) return undefined;
  let at: number;
  if (text.startsWith("{,}", index)) at = index + 3;
  else if (text.startsWith(",\\!", index)) at = index + 3;
  else if (["\\,", "\\ ", "\\;", "\\:"].some((mark) => text.startsWith(mark, index))) at = index + 2;
  else if (thousands && (text[index] === "," || text[index] === " " || text[index] === "~")) at = index + 1;
  // One group behind a point would be decimals.
  else if (text[index] === "." && (separator !== undefined || isGroupOfPoints(text, index))) at = index + 1;
  else return undefined;
  while (text[at] === " " && text[index + 1] === "\\") at++;
  const isMixed = text[index] === " " && text[at + 3] === "/"; // 5 123/700
  return isGroup(text, at) && !isMixed ? at : undefined;
}

function isGroup(text: string, at: number): boolean {
  return isDigit(text[at]) && isDigit(text[at + 1]) && isDigit(text[at + 2]) && !isDigit(text[at + 3]);
}

function isGroupOfPoints(text: string, index: number): boolean {
  return isGroup(text, index + 1) && text[index + 4] === "." && isGroup(text, index + 5);
}
