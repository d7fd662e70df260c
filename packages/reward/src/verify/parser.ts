import { ParseFailure } from "./budget.js";
import { parseAtom, startsAtom } from "./parse-atom.js";
import { parsePostfix } from "./parse-postfix.js";
import { TokenStream } from "./token-stream.js";
import { tokenize, type TokenOptions } from "./tokens.js";
import type { Node } from "./tree.js";
import { canonicalUnit } from "./vocabulary.js";

const RELATIONS: Readonly<Record<string, string>> = {
  "=": "=", "<": "<", ">": ">", le: "≤", leq: "≤", leqslant: "≤", lt: "<", ge: "≥", geq: "≥", geqslant: "≥", gt: ">", ne: "≠", neq: "≠",
  in: "∈", approx: "≈", equiv: "≡", to: "→", Rightarrow: "⇒", implies: "⇒",
}; // prettier-ignore
const SET_OPERATORS = { cup: "∪", cap: "∩", setminus: "∖", backslash: "∖" } as const;

/** Reads a whole answer; throws ParseFailure, or Undecided where it is beyond the limits. */
export function parseAnswer(text: string, options: TokenOptions): Node {
  const stream = new TokenStream(tokenize(text, options));
  while (stream.isNext(".") || stream.isNext(",") || stream.isNext(":")) stream.take();
  if (stream.isAtEnd) throw new ParseFailure("the answer is empty");
  const items = parseItems(stream);
  if (!stream.isAtEnd) throw new ParseFailure(`unexpected “${stream.peek().text}”`);
  return items.length === 1 ? items[0]! : stream.node({ kind: "sequence", open: "", close: "", items });
}

/** Members with commas or semicolons between them; one comma may be followed by the word that `and` became. */
export function parseItems(stream: TokenStream): Node[] {
  const items = [parseRelation(stream)];
  while (stream.accept(",", ";")) {
    while (stream.accept(","));
    if (stream.isAtEnd) break;
    items.push(parseRelation(stream));
  }
  return items;
}

/** a = b, a < x ≤ b, x ∈ A. */
export function parseRelation(stream: TokenStream): Node {
  const args = [parseSetExpression(stream)];
  const operators: string[] = [];
  for (;;) {
    const { kind, text } = stream.peek();
    const operator = (kind === "mark" || kind === "command") && Object.hasOwn(RELATIONS, text) ? RELATIONS[text] : undefined;
    if (operator === undefined) break;
    stream.take();
    operators.push(operator);
    args.push(parseSetExpression(stream));
  }
  return operators.length === 0 ? args[0]! : stream.node({ kind: "relation", operators, args });
}

function parseSetExpression(stream: TokenStream): Node {
  let left = parseRatio(stream);
  for (;;) {
    const { kind, text } = stream.peek();
    const isLetterU = kind === "letter" && text === "U" && left.kind === "sequence";
    const operator =
      kind === "command" && Object.hasOwn(SET_OPERATORS, text) ? SET_OPERATORS[text as keyof typeof SET_OPERATORS] : undefined;
    if (operator === undefined && !isLetterU) return left;
    stream.take();
    const right = parseRatio(stream);
    const used = operator ?? "∪";
    const args = left.kind === "setOperation" && left.operator === used && used !== "∖" ? [...left.args, right] : [left, right];
    left = stream.node({ kind: "setOperation", operator: used, args });
  }
}

/** 3 : 4. */
function parseRatio(stream: TokenStream): Node {
  const args = [parseSum(stream)];
  while (stream.accept(":")) args.push(parseSum(stream));
  return args.length === 1 ? args[0]! : stream.node({ kind: "ratio", args });
}

/** Sums, and a unit behind them. */
export function parseSum(stream: TokenStream): Node {
  return stream.nested(() => {
    const terms: Node[] = [];
    for (let isFirst = true; ; isFirst = false) {
      let wrap: "+" | "-" | "±" | "∓" = "+";
      if (stream.accept("+")) wrap = "+";
      else if (stream.accept("-")) wrap = "-";
      else if (stream.accept("\\pm")) wrap = "±";
      else if (stream.accept("\\mp")) wrap = "∓";
      else if (!isFirst) break;
      const term = parseProduct(stream);
      if (wrap === "+") terms.push(term);
      else if (wrap === "-") terms.push(stream.node({ kind: "negate", arg: term }));
      else terms.push(stream.node({ kind: "plusMinus", sign: wrap === "±" ? 1 : -1, arg: term }));
    }
    const sum: Node = terms.length === 1 ? terms[0]! : stream.node({ kind: "add", args: terms });
    return parseUnit(stream, sum);
  });
}

function parseUnit(stream: TokenStream, arg: Node): Node {
  if (stream.peek().kind !== "text") return arg;
  let unit = "";
  while (stream.peek().kind === "text") {
    unit += ` ${stream.take().text}`;
    if (stream.accept("^")) {
      const isBraced = stream.accept("{");
      unit += `^${stream.take().text}`;
      if (isBraced) stream.expect("}");
    }
    if (stream.isNext("/") && stream.peek(1).kind === "text") {
      stream.take();
      unit += "/";
    }
  }
  const name = canonicalUnit(unit);
  if (name === "degree") return stream.node({ kind: "degrees", arg });
  if (arg.kind === "unit" && arg.unit === name) return arg; // \$5 dollars
  if (name === "percent") return stream.node({ kind: "percent", arg });
  return name === "" ? arg : stream.node({ kind: "unit", arg, unit: name });
}

/** Products and quotients from left to right; factors side by side count as a product. */
export function parseProduct(stream: TokenStream): Node {
  return stream.nested(() => {
    let factors = [parseSigned(stream)];
    for (;;) {
      if (stream.accept("*", "\\cdot", "\\times", "\\ast")) factors.push(parseSigned(stream));
      else if (stream.accept("/", "\\div"))
        factors = [stream.node({ kind: "divide", args: [product(stream, factors), parseSigned(stream)] })];
      else if (stream.accept("\\bmod", "\\mod")) {
        factors = [stream.node({ kind: "call", name: "mod", args: [product(stream, factors), parseSigned(stream)] })];
      } else if (startsAtom(stream)) factors.push(parseFactor(stream, factors.at(-1)!));
      else return product(stream, factors);
    }
  });
}

function product(stream: TokenStream, factors: readonly Node[]): Node {
  return factors.length === 1 ? factors[0]! : stream.node({ kind: "multiply", args: factors });
}

/** A factor that may carry a sign: 2 · −3. */
function parseSigned(stream: TokenStream): Node {
  if (stream.accept("-")) return stream.nested(() => stream.node({ kind: "negate", arg: parseSigned(stream) }));
  if (stream.accept("+")) return stream.nested(() => parseSigned(stream));
  return parsePostfix(stream, parseAtom(stream));
}

/** A factor behind another without a sign between them. */
function parseFactor(stream: TokenStream, left: Node): Node {
  const next = stream.peek();
  if (next.kind === "number" && (left.kind === "number" || left.kind === "symbol"))
    throw new ParseFailure(`“${next.text}” follows another ${left.kind} without an operator`);
  return parsePostfix(stream, parseAtom(stream));
}
