import { ParseFailure } from "./budget.js";
import { parseArgument } from "./parse-atom.js";
import { parseSum } from "./parser.js";
import { integer } from "./rational.js";
import type { TokenStream } from "./token-stream.js";
import type { Node } from "./tree.js";

/** Powers, factorials, percent and degree signs behind an atom. */
export function parsePostfix(stream: TokenStream, atom: Node): Node {
  let left = atom;
  for (;;) {
    if (stream.accept("!")) left = stream.node({ kind: "call", name: "factorial", args: [left] });
    else if (stream.accept("%")) left = stream.node({ kind: "percent", arg: left });
    else if (stream.accept("\\degree")) left = stream.node({ kind: "degrees", arg: left });
    else if (stream.isNext("'") && left.kind === "symbol") {
      stream.take();
      left = stream.node({ kind: "symbol", name: `${left.name}'` });
    } else if (stream.accept("^")) {
      if (acceptCircle(stream)) left = stream.node({ kind: "degrees", arg: left });
      else left = stream.node({ kind: "power", args: [left, parseExponent(stream)] });
    } else return left;
  }
}

function acceptCircle(stream: TokenStream): boolean {
  if (stream.accept("\\circ")) return true;
  if (!stream.isNext("{") || !stream.isNext("\\circ", 1) || !stream.isNext("}", 2)) return false;
  for (let i = 0; i < 3; i++) stream.take();
  return true;
}

/** `{…}`, or the one token behind `^`; of a numeral all digits, as people write `2^10`. Powers nest to the right. */
export function parseExponent(stream: TokenStream): Node {
  return stream.nested(() => {
    if (stream.accept("-")) return stream.node({ kind: "negate", arg: parseExponent(stream) });
    const token = stream.peek();
    if (token.kind === "number") {
      stream.take();
      return withPower(stream, numeral(stream, token.text));
    }
    return withPower(stream, parseArgument(stream));
  });
}

function withPower(stream: TokenStream, base: Node): Node {
  return stream.accept("^") ? stream.node({ kind: "power", args: [base, parseExponent(stream)] }) : base;
}

/** A numeral as an exact number: `12`, `.5`, `1.5e-3`. */
export function numeral(stream: TokenStream, text: string): Node {
  const [mantissa = "", exponentText] = text.split("e");
  const [whole = "", decimals = ""] = mantissa.split(".");
  const exponent = exponentText === undefined ? 0 : Number(exponentText);
  if (Math.abs(exponent) > 5_000) throw new ParseFailure("the exponent of a numeral is too large");
  const value = BigInt(`${whole}${decimals}` || "0");
  const scale = exponent - decimals.length;
  if (scale >= 0) return stream.node({ kind: "number", value: integer(value * 10n ** BigInt(scale)) });
  return stream.node({ kind: "number", value: reducePowersOfTen(value, -scale) });
}

/** value / 10^places in lowest terms, without a general gcd. */
function reducePowersOfTen(value: bigint, places: number): { readonly n: bigint; readonly d: bigint } {
  let n = value;
  let twos = places;
  let fives = places;
  if (n === 0n) return { n, d: 1n };
  while (twos > 0 && (n & 1n) === 0n) [n, twos] = [n >> 1n, twos - 1];
  while (fives > 0 && n % 5n === 0n) [n, fives] = [n / 5n, fives - 1];
  return { n, d: 2n ** BigInt(twos) * 5n ** BigInt(fives) };
}

/** An exponent between braces, for callers that have taken the brace. */
export function parseBraced(stream: TokenStream): Node {
  const inner = parseSum(stream);
  stream.expect("}");
  return inner;
}
