import { parseArgument } from "./parse-atom.js";
import { matrixProduct, transposed } from "./matrix-algebra.js";
import { numeral, parseBased } from "./parse-number.js";
import { parseSum } from "./parser.js";
import type { TokenStream } from "./token-stream.js";
import type { Node } from "./tree.js";
import { canonicalUnit } from "./vocabulary.js";

/** Powers, factorials, percent and degree signs, ordinals and bases behind an atom. */
export function parsePostfix(stream: TokenStream, atom: Node): Node {
  let left = atom;
  for (;;) {
    if (stream.accept("!")) left = stream.node({ kind: "call", name: "factorial", args: [left] });
    else if (stream.accept("%")) left = stream.node({ kind: "percent", arg: left });
    else if (stream.accept("\\degree")) left = stream.node({ kind: "degrees", arg: left });
    else if (stream.accept("€")) left = stream.node({ kind: "unit", arg: left, unit: canonicalUnit("euro") });
    else if (stream.isNext("'") && left.kind === "symbol") {
      stream.take();
      left = stream.node({ kind: "symbol", name: `${left.name}'` });
    } else if (stream.isNext("_") && left.kind === "number" && left.value.d === 1n) left = parseBased(stream, left.value.n.toString());
    else if (acceptRaised(stream, (text, kind) => kind === "command" && text === "circ"))
      left = stream.node({ kind: "degrees", arg: left });
    else if (acceptRaised(stream, (text, kind) => kind === "text" && /^(?:st|nd|rd|th)$/.test(text)))
      left = stream.node({ kind: "unit", arg: left, unit: "th" });
    else if (left.kind === "matrix" && acceptRaised(stream, (text) => text === "T" || text === "top")) left = transposed(left);
    else if (stream.accept("^")) left = stream.node(powerOf(left, parseExponent(stream)));
    else return left;
  }
}

/** A power, of a matrix multiplied out. */
function powerOf(base: Node, exponent: Node): Node {
  const times = base.kind === "matrix" && exponent.kind === "number" && exponent.value.d === 1n ? Number(exponent.value.n) : 0;
  const product = times > 1 && times <= 4 ? matrixProduct(Array.from({ length: times }, () => base)) : undefined;
  return product ?? { kind: "power", args: [base, exponent] };
}

/** Takes `^x` or `^{x}` if the one token x is the one looked for. */
function acceptRaised(stream: TokenStream, isWanted: (text: string, kind: string) => boolean): boolean {
  if (!stream.isNext("^")) return false;
  const isBraced = stream.isNext("{", 1);
  const { text, kind } = stream.peek(isBraced ? 2 : 1);
  if (!isWanted(text, kind) || (isBraced && !stream.isNext("}", 3))) return false;
  for (let taken = isBraced ? 4 : 2; taken > 0; taken--) stream.take();
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

/** An exponent between braces, for callers that have taken the brace. */
export function parseBraced(stream: TokenStream): Node {
  const inner = parseSum(stream);
  stream.expect("}");
  return inner;
}
