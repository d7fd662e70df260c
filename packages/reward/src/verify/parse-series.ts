import { ParseFailure } from "./budget.js";
import { parseArgument } from "./parse-atom.js";
import { parseProduct, parseSum } from "./parser.js";
import { integer } from "./rational.js";
import type { TokenStream } from "./token-stream.js";
import { childrenOf, hasValue, mapChildren, type Node } from "./tree.js";

/** Terms of a sum or product that are written out. */
const MOST_TERMS = 200;

/** \sum_{k=1}^{10} k² written out; one without whole numbers as its bounds is not read. */
export function parseSeries(stream: TokenStream, name: "sum" | "prod"): Node {
  const failure = (reason: string) => new ParseFailure(`\\${name} ${reason} is not read`);
  if (!stream.accept("_") || !stream.accept("{")) throw failure("without bounds");
  const index = stream.take();
  if (index.kind !== "letter" || !stream.accept("=")) throw failure("without an index");
  const from = wholeNumber(parseSum(stream));
  stream.expect("}");
  if (!stream.accept("^")) throw failure("without an upper bound");
  const to = wholeNumber(parseArgument(stream));
  const term = parseProduct(stream);
  if (from === undefined || to === undefined || to < from || to - from >= MOST_TERMS) throw failure("with such bounds");
  if (!hasValue(term)) throw failure("of anything but values");
  const terms = Array.from({ length: to - from + 1 }, (_, step) => {
    return countNodes(stream, termAt(term, index.text, { kind: "number", value: integer(from + step) }));
  });
  return stream.node({ kind: name === "sum" ? "add" : "multiply", args: terms });
}

/** A term with a number for its index, which may be the letter of a constant. */
function termAt(node: Node, index: string, value: Node): Node {
  if ((node.kind === "symbol" || node.kind === "constant") && node.name === index) return value;
  return mapChildren(node, (child) => termAt(child, index, value));
}

function wholeNumber(node: Node): number | undefined {
  const number = node.kind === "negate" ? node.arg : node;
  if (number.kind !== "number" || number.value.d !== 1n || number.value.n > 1_000_000n) return undefined;
  return Number(number.value.n) * (node === number ? 1 : -1);
}

function countNodes(stream: TokenStream, node: Node): Node {
  stream.node(node);
  for (const child of childrenOf(node)) countNodes(stream, child);
  return node;
}
