import { ParseFailure } from "./budget.js";
import { parseArgument, parseAtom, startsAtom } from "./parse-atom.js";
import { numeral } from "./parse-number.js";
import { parseExponent, parsePostfix } from "./parse-postfix.js";
import { parseItems, parseSum } from "./parser.js";
import { integer } from "./rational.js";
import type { TokenStream } from "./token-stream.js";
import { type Node, symbolsOf } from "./tree.js";
import { FUNCTION_NAMES } from "./vocabulary.js";

const ALIASES: Readonly<Record<string, string>> = { asin: "arcsin", acos: "arccos", atan: "arctan", lg: "log" };
const INVERSES: Readonly<Record<string, string>> = { sin: "arcsin", cos: "arccos", tan: "arctan", cot: "arccot" };

/** A function behind its name: \sqrt[3]{x}, \log_2 8, \sin^2 2x, \gcd(a, b). */
export function parseFunction(stream: TokenStream, given: string): Node {
  const name = ALIASES[given] ?? given;
  if (name === "pi") return stream.node({ kind: "constant", name: "pi" });
  if (name.startsWith("inf")) return stream.node({ kind: "constant", name: "infinity" });
  if (name === "sqrt" || name === "cbrt") return parseRoot(stream, name);
  let base: Node | undefined;
  let exponent: Node | undefined;
  for (;;) {
    if (name === "log" && base === undefined && stream.accept("_")) base = parseArgument(stream);
    else if (exponent === undefined && stream.accept("^")) exponent = parseExponent(stream);
    else break;
  }
  const args = parseArguments(stream);
  let call: Node;
  const isInverse =
    exponent?.kind === "negate" && exponent.arg.kind === "number" && exponent.arg.value.n === 1n && exponent.arg.value.d === 1n;
  if (exponent && isInverse && Object.hasOwn(INVERSES, name)) {
    exponent = undefined;
    call = stream.node({ kind: "call", name: INVERSES[name]!, args });
  } else if (name === "log") call = stream.node({ kind: "call", name: "log", args: [args[0]!, base ?? ten(stream)] });
  else call = stream.node({ kind: "call", name, args });
  const isVariadic = name === "gcd" || name === "lcm" || name === "min" || name === "max";
  if (args.length !== 1 && !isVariadic) throw new ParseFailure(`${name} takes one argument`);
  return exponent ? stream.node({ kind: "power", args: [call, exponent] }) : call;
}

function ten(stream: TokenStream): Node {
  return stream.node({ kind: "number", value: integer(10) });
}

function parseRoot(stream: TokenStream, name: string): Node {
  let order: Node = stream.node({ kind: "number", value: integer(name === "cbrt" ? 3 : 2) });
  if (stream.accept("[")) {
    order = parseSum(stream);
    stream.expect("]");
  }
  // TeX puts one digit under the root of \sqrt 50; whoever writes it means all of the numeral.
  const radicand = stream.peek().kind === "number" ? numeral(stream, stream.take().text) : parseArgument(stream);
  return stream.node({ kind: "call", name: "root", args: [radicand, order] });
}

/** `(a, b)`, else the factors up to the next sign or function: \sin 2x \cos x is sin(2x) · cos(x). */
function parseArguments(stream: TokenStream): Node[] {
  if (stream.accept("(")) {
    const items = parseItems(stream);
    stream.expect(")");
    return items;
  }
  if (stream.accept("\\{")) {
    const items = parseItems(stream);
    stream.expect("\\}");
    return items;
  }
  if (stream.isNext("{") || stream.isNext("|") || stream.isNext("|(")) return [parsePostfix(stream, parseAtom(stream))];
  const factors = [parsePostfix(stream, parseAtom(stream))];
  while (startsAtom(stream) && !isFunction(stream) && !stream.isNext("(") && !stream.isNext("[") && !isApart(stream, factors)) {
    factors.push(parsePostfix(stream, parseAtom(stream)));
  }
  // 2\pi/3 is one argument, a/\sin b is not.
  const isPlainQuotient = stream.isNext("/") && stream.peek(1).kind === "number";
  const above: Node = factors.length === 1 ? factors[0]! : stream.node({ kind: "multiply", args: factors });
  if (!isPlainQuotient) return [above];
  stream.take();
  return [stream.node({ kind: "divide", args: [above, parseAtom(stream)] })];
}

/** Checks whether the next factor is no part of a bare argument: the e of \sin x e^{-x}, but not the x of \ln ex. */
function isApart(stream: TokenStream, factors: readonly Node[]): boolean {
  const { kind, text } = stream.peek();
  return kind === "letter" && text === "e" && stream.isNext("^", 1) && factors.some((factor) => symbolsOf(factor).size > 0);
}

function isFunction(stream: TokenStream): boolean {
  const { kind, text } = stream.peek();
  return kind === "command" && FUNCTION_NAMES.has(text) && text !== "pi" && text !== "sqrt";
}
