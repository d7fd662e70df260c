import { ParseFailure } from "./budget.js";
import { parseAtom } from "./parse-atom.js";
import { parsePostfix } from "./parse-postfix.js";
import { parseItems, parseList, parseSum } from "./parser.js";
import { isInfinite } from "./real-set.js";
import type { TokenStream } from "./token-stream.js";
import type { Node } from "./tree.js";
import { canonicalUnit } from "./vocabulary.js";

/** Nodes that begin with a bracket, a bar or the sign of a currency. */
export function parseBracket(stream: TokenStream, mark: string): Node {
  switch (mark) {
    case "{":
      return parseGroup(stream);
    case "(":
    case "[": {
      const items = parseItems(stream);
      const close = stream.expect(")", "]");
      const isGroup = items.length === 1 && items[0]!.kind !== "relation" && (mark === "(") === (close === ")");
      return isGroup ? items[0]! : stream.node({ kind: "sequence", open: mark, close, items });
    }
    case "\\{":
      return parseSet(stream);
    case "|":
    case "|(": {
      const close = mark === "|" ? "|" : "|)";
      stream.bars++;
      const inner = parseSum(stream);
      stream.bars--;
      stream.expect(close);
      return stream.node({ kind: "call", name: "abs", args: [inner] });
    }
    case "€":
    case "£": {
      const inner = parsePostfix(stream, parseAtom(stream));
      return stream.node({ kind: "unit", arg: inner, unit: canonicalUnit(mark === "€" ? "euro" : "sterling") });
    }
    default:
      throw new ParseFailure(mark === "" ? "the answer breaks off" : `unexpected “${stream.taken}”`);
  }
}

/** `{…}`: TeX's braces, {3 \over 4}, {5 \choose 2}; with commas, the braces of a set whose backslashes were forgotten. */
function parseGroup(stream: TokenStream): Node {
  const { items, isAlternative } = parseList(stream);
  const first = items[0]!;
  const isOver = stream.accept("\\over");
  if (items.length === 1 && (isOver || stream.accept("\\choose"))) {
    const below = parseSum(stream);
    stream.expect("}");
    return stream.node(isOver ? { kind: "divide", args: [first, below] } : { kind: "call", name: "binomial", args: [first, below] });
  }
  stream.expect("}");
  return items.length === 1 ? first : stream.node({ kind: "sequence", open: "{", close: "}", items, isAlternative });
}

/** `\{1, 2\}`; `\{x \in A \mid x > 2\}` as its condition where a variable is all that it is about. */
function parseSet(stream: TokenStream): Node {
  if (stream.accept("\\}")) return stream.node({ kind: "sequence", open: "{", close: "}", items: [] });
  stream.bars++;
  const items = parseItems(stream, { colon: false });
  stream.bars--;
  const [first] = items;
  if (items.length === 1 && first && stream.accept("|", ":")) {
    const condition = parseList(stream);
    stream.expect("\\}");
    const isPlain = first.kind === "symbol" || (first.kind === "relation" && isOverReals(first));
    if (!isPlain) return stream.node({ kind: "sequence", open: "{", close: "|", items: [first, ...condition.items] });
    if (condition.items.length === 1) return condition.items[0]!;
    return stream.node({ kind: "sequence", open: "", close: "", ...condition });
  }
  stream.expect("\\}");
  return stream.node({ kind: "sequence", open: "{", close: "}", items });
}

/** x ∈ ℝ, which says nothing more of x. */
function isOverReals({ operators, args }: Extract<Node, { kind: "relation" }>): boolean {
  const [variable, set] = args;
  const isEverything = set?.kind === "sequence" && set.open === "(" && set.items.every((end) => isInfinite(end));
  return operators.join() === "∈" && variable?.kind === "symbol" && isEverything;
}

/** A group behind a command that demands one. */
export function parseRequiredGroup(stream: TokenStream): Node {
  stream.expect("{");
  return stream.nested(() => parseBracket(stream, "{"));
}

/** An absolute value, floor or ceiling between two commands. */
export function parseBetween(stream: TokenStream, name: string): Node {
  const [close, call] = { lfloor: ["\\rfloor", "floor"], lceil: ["\\rceil", "ceil"], lvert: ["\\rvert", "abs"] }[name] ?? [
    "\\rvert",
    "abs",
  ];
  const inner = parseSum(stream);
  stream.expect(close!);
  return stream.node({ kind: "call", name: call!, args: [inner] });
}

/** A relation or a value between `\langle` and `\rangle`: a tuple. */
export function parseAngles(stream: TokenStream): Node {
  const items = parseItems(stream);
  stream.expect("\\rangle");
  return stream.node({ kind: "sequence", open: "(", close: ")", items });
}
