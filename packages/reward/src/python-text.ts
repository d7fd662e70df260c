// Conformance with a Python reference needs Python's idea of text: strings are code points, and three character classes
// differ from those of JavaScript.

/** The blanks of `\s` and `str.strip` in Python: with the separators U+001C–1F and U+0085, without U+FEFF. */
export const PYTHON_SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const SPACE = new RegExp(`[${PYTHON_SPACE}]`);

// str.isdigit: decimal digits, and those of Unicode's Numeric_Type=Digit, such as superscripts and circled digits.
const DIGITS =
  /^[\p{Nd}\xb2\xb3\xb9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]+$/u;

/** Python's `text[-count:]`: the last code points, at most `count`. Reads no more of the text than it returns. */
export function lastCodePoints(text: string, count: number): string {
  let index = text.length;
  for (let taken = 0; taken < count && index > 0; taken++) {
    index--;
    if (isLowSurrogate(text.charCodeAt(index)) && index > 0 && isHighSurrogate(text.charCodeAt(index - 1))) index--;
  }
  return text.slice(index);
}

/** Python's `text.strip()`. */
export function stripSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text[start]!)) start++;
  while (end > start && SPACE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

/** Python's `text.isdigit()`. */
export function isDigits(text: string): boolean {
  return DIGITS.test(text);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
