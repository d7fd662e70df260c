import { ParseFailure } from "./budget.js";
import { parseAtom } from "./parse-atom.js";
import { integer, type Rational } from "./rational.js";
import type { TokenStream } from "./token-stream.js";
import type { Node } from "./tree.js";
import { NUMBER_WORDS } from "./vocabulary.js";

/** Nodes that begin with a numeral: a number, 1\frac{4}{5}, 0.1\overline{6}, 52_8. */
export function parseNumber(stream: TokenStream, text: string): Node {
  if (stream.isNext("_")) return parseBased(stream, text);
  const value = numeral(stream, text);
  if (/[.e(]/.test(text) || value.kind !== "number") return value;
  const mixed = parseMixed(stream);
  return mixed ? stream.node({ kind: "add", args: [value, mixed] }) : value;
}

/** The fraction of a mixed number, 1\frac{4}{5} or 1 4/5, if both its parts are plain whole numbers. */
function parseMixed(stream: TokenStream): Node | undefined {
  const token = stream.peek();
  if (token.kind === "number" && token.isSpaced && /^\d+$/.test(token.text) && stream.isNext("/", 1) && /^\d+$/.test(stream.peek(2).text)) {
    stream.take();
    stream.take();
    const below = numeral(stream, stream.take().text);
    return stream.node({ kind: "divide", args: [numeral(stream, token.text), below] });
  }
  if (!stream.isNext("\\frac") && !stream.isNext("\\dfrac") && !stream.isNext("\\tfrac")) return undefined;
  let ahead = 1;
  for (let part = 0; part < 2; part++) {
    const isBraced = stream.isNext("{", ahead);
    if (isBraced) ahead++;
    const inner = stream.peek(ahead++);
    if (inner.kind !== "number" || !/^\d+$/.test(inner.text) || (isBraced && !stream.isNext("}", ahead++))) return undefined;
    if (!isBraced && inner.text.length > 1) break; // \frac12 is one numeral to the tokenizer
  }
  return parseAtom(stream);
}

/** 52_8, 1A_{16}, 52_{\text{eight}}. */
export function parseBased(stream: TokenStream, digits: string): Node {
  stream.expect("_");
  const isBraced = stream.accept("{");
  const token = stream.take();
  if (isBraced) stream.expect("}");
  const base = token.kind === "number" ? Number(token.text) : NUMBER_WORDS.get(token.text.toLowerCase());
  if (base === undefined || !Number.isInteger(base) || base < 2 || base > 36 || !/^[0-9A-Za-z]+$/.test(digits))
    throw new ParseFailure("a base from 2 to 36 expected");
  const normalized = digits.toLowerCase().replace(/^0+(?=.)/, "");
  for (const digit of normalized) {
    if (Number.parseInt(digit, 36) >= base) throw new ParseFailure(`“${digit}” is no digit of base ${base}`);
  }
  return stream.node({ kind: "based", digits: normalized, base });
}

/** A numeral as an exact number: `12`, `.5`, `1.5e-3`, `0.1(6)`. */
export function numeral(stream: TokenStream, text: string): Node {
  const open = text.indexOf("(");
  if (open >= 0) return repeating(stream, text.slice(0, open), text.slice(open + 1, -1));
  const [mantissa = "", exponentText] = text.split("e");
  const [whole = "", decimals = ""] = mantissa.split(".");
  const exponent = exponentText === undefined ? 0 : Number(exponentText);
  if (Math.abs(exponent) > 5_000) throw new ParseFailure("the exponent of a numeral is too large");
  const value = BigInt(`${whole}${decimals}` || "0");
  const scale = exponent - decimals.length;
  if (scale >= 0) return stream.node({ kind: "number", value: integer(value * 10n ** BigInt(scale)) });
  return stream.node({ kind: "number", value: reducePowersOfTen(value, -scale) });
}

/** Digits that repeat without end: 0.1\overline{6} = (16 − 1)/90. */
function repeating(stream: TokenStream, mantissa: string, period: string): Node {
  const [whole = "", decimals = ""] = mantissa.split(".");
  const before = BigInt(`${whole}${decimals}` || "0");
  const all = BigInt(`${whole}${decimals}${period}`);
  const below = 10n ** BigInt(decimals.length) * (10n ** BigInt(period.length) - 1n);
  const number = (value: bigint): Node => stream.node({ kind: "number", value: integer(value) });
  return stream.node({ kind: "divide", args: [number(all - before), number(below)] });
}

/** value / 10^places in lowest terms, without a general gcd. */
function reducePowersOfTen(value: bigint, places: number): Rational {
  let n = value;
  let twos = places;
  let fives = places;
  if (n === 0n) return { n, d: 1n };
  while (twos > 0 && (n & 1n) === 0n) [n, twos] = [n >> 1n, twos - 1];
  while (fives > 0 && n % 5n === 0n) [n, fives] = [n / 5n, fives - 1];
  return { n, d: 2n ** BigInt(twos) * 5n ** BigInt(fives) };
}
