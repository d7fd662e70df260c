/** A string, or a number: what a scan of JSON must tell apart. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Numbers that JSON.parse may round: many digits, or an exponent. */
const MAY_ROUND = /\d{16}|\d\.\d{15}|\d[eE]|\d{9}\.\d{7}/;

/** JSON with nothing rounded. */
export interface ExactJson {
  readonly value: unknown;
  /** Numbers that a double cannot hold, as they are written; in `value` each is a text of its digits. */
  readonly kept: readonly string[];
}

/**
 * Reads JSON as JSON.parse does, but never rounds: an integer beyond 2⁵³, or a number with more digits or a larger exponent than a
 * double holds, becomes a text of its digits.
 *
 * @throws SyntaxError when the text is no JSON.
 *
 * @example
 * ```ts test
 * import { parseExactJson } from "@retool-ts/core";
 *
 * parseExactJson('{"n": 9007199254740993, "x": 0.5}').value; // => { n: "9007199254740993", x: 0.5 }
 * ```
 */
export function parseExactJson(text: string): ExactJson {
  const value: unknown = JSON.parse(text);
  if (!MAY_ROUND.test(text)) return { value, kept: [] };
  const kept: string[] = [];
  const quoted = text.replace(STRING_OR_NUMBER, (piece) => {
    if (piece.startsWith('"') || isHeld(piece)) return piece;
    kept.push(piece);
    return `"${piece}"`;
  });
  return kept.length === 0 ? { value, kept } : { value: JSON.parse(quoted), kept };
}

/** Checks whether a double, written out again, has all the digits of a literal. */
function isHeld(literal: string): boolean {
  const double = Number(literal);
  if (!Number.isFinite(double)) return false;
  const [written, shown] = [decimalOf(literal), decimalOf(String(double))];
  return written.digits === shown.digits && (written.digits === "" || written.exponent === shown.exponent);
}

/** A decimal as its digits without zeros around them, times a power of ten. */
function decimalOf(literal: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = "", power = "0"] = literal
    .replace("-", literal.startsWith("-") ? "" : "-")
    .toLowerCase()
    .split("e");
  const [whole = "", decimals = ""] = mantissa.split(".");
  const all = (whole + decimals).replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  return { digits, exponent: Number(power) - decimals.length + all.length - digits.length };
}
