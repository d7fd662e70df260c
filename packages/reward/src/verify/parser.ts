import { ParseFailure } from "./budget.js";
import { parseAtom, startsAtom } from "./parse-atom.js";
import { matrixProduct, matrixSum } from "./matrix-algebra.js";
import { parsePostfix } from "./parse-postfix.js";
import { parseUnit } from "./parse-unit.js";
import { TokenStream } from "./token-stream.js";
import { integer } from "./rational.js";
import type { TokenOptions } from "./token.js";
import { tokenize } from "./tokens.js";
import type { Node } from "./tree.js";

const RELATIONS: Readonly<Record<string, string>> = {
  "=": "=", "<": "<", ">": ">", le: "≤", leq: "≤", leqslant: "≤", lt: "<", ge: "≥", geq: "≥", geqslant: "≥", gt: ">", ne: "≠", neq: "≠",
  in: "∈", approx: "≈", equiv: "≡", to: "→", Rightarrow: "⇒", implies: "⇒",
}; // prettier-ignore
const SET_OPERATORS = { cup: "∪", cap: "∩", setminus: "∖", backslash: "∖" } as const;

/** Reads a whole answer; throws ParseFailure, or Undecided where it is beyond the limits. */
export function parseAnswer(text: string, options: TokenOptions): Node {
  const stream = new TokenStream(tokenize(text, options));
  while (stream.isNext(".") || stream.isNext(",") || stream.isNext(":")) stream.take();
  if (stream.isNext("\\approx") && stream.peek(1).text !== "") stream.take();
  if (stream.isAtEnd) throw new ParseFailure("the answer is empty");
  const list = parseList(stream);
  if (!stream.isAtEnd) throw new ParseFailure(`unexpected “${stream.peek().shown}”`);
  return list.items.length === 1 ? list.items[0]! : stream.node({ kind: "sequence", open: "", close: "", ...list });
}

interface List {
  readonly items: Node[];
  readonly isAlternative: boolean;
}

/** Members with commas, semicolons, “and” or “or” between them; a quantity such as 5 feet 6 inches has two without any. */
export function parseList(stream: TokenStream, options: RatioOptions = {}): List {
  const items = [parseRelation(stream, options)];
  let isAlternative = false;
  for (;;) {
    const isJoined = stream.isNext("or") || stream.isNext(",") || stream.isNext(";");
    if (!isJoined && !(items.at(-1)!.kind === "unit" && stream.peek().kind === "number")) break;
    for (;;) {
      if (stream.accept("or")) isAlternative = true;
      else if (!stream.accept(",", ";")) break;
    }
    if (stream.isAtEnd) break;
    items.push(parseRelation(stream, options));
  }
  return { items, isAlternative };
}

export function parseItems(stream: TokenStream, options: RatioOptions = {}): Node[] {
  return parseList(stream, options).items;
}

interface RatioOptions {
  /** Set if a colon makes a ratio. Default true. */
  readonly colon?: boolean;
}

/** a = b, a < x ≤ b, x ∈ A. */
export function parseRelation(stream: TokenStream, options: RatioOptions = {}): Node {
  const args = [parseSetExpression(stream, options)];
  const operators: string[] = [];
  for (;;) {
    const { kind, text } = stream.peek();
    const operator = (kind === "mark" || kind === "command") && Object.hasOwn(RELATIONS, text) ? RELATIONS[text] : undefined;
    if (operator === undefined) break;
    stream.take();
    operators.push(operator);
    args.push(parseSetExpression(stream, options));
  }
  return operators.length === 0 ? args[0]! : stream.node({ kind: "relation", operators, args });
}

function parseSetExpression(stream: TokenStream, options: RatioOptions): Node {
  let left = parseRatio(stream, options);
  for (;;) {
    const { kind, text } = stream.peek();
    const isLetterU = kind === "letter" && text === "U" && left.kind === "sequence";
    const operator =
      kind === "command" && Object.hasOwn(SET_OPERATORS, text) ? SET_OPERATORS[text as keyof typeof SET_OPERATORS] : undefined;
    if (operator === undefined && !isLetterU) return left;
    stream.take();
    const right = parseRatio(stream, options);
    const used = operator ?? "∪";
    const args = left.kind === "setOperation" && left.operator === used && used !== "∖" ? [...left.args, right] : [left, right];
    left = stream.node({ kind: "setOperation", operator: used, args });
  }
}

/** 3 : 4. */
function parseRatio(stream: TokenStream, { colon = true }: RatioOptions): Node {
  const args = [parseSum(stream)];
  while (colon && stream.accept(":")) args.push(parseSum(stream));
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
      else if (wrap === "-") terms.push(negated(stream, term));
      else terms.push(stream.node({ kind: "plusMinus", sign: wrap === "±" ? 1 : -1, arg: term }));
    }
    const sum: Node = terms.length === 1 ? terms[0]! : stream.node(matrixSum(terms) ?? { kind: "add", args: terms });
    return parseUnit(stream, sum);
  });
}

/** Products and quotients from left to right; factors side by side count as a product. */
export function parseProduct(stream: TokenStream): Node {
  return stream.nested(() => {
    let factors = [parseSigned(stream)];
    for (;;) {
      if (stream.accept("*", "\\cdot", "\\times", "\\ast")) factors.push(parseSigned(stream));
      else if (stream.accept("/", "\\div")) factors = [quotient(stream, product(stream, factors), parseSigned(stream))];
      else if (stream.accept("\\bmod", "\\mod")) {
        factors = [stream.node({ kind: "call", name: "mod", args: [product(stream, factors), parseSigned(stream)] })];
      } else if (startsAtom(stream)) factors.push(parseFactor(stream, factors.at(-1)!));
      else return product(stream, factors);
    }
  });
}

function product(stream: TokenStream, factors: readonly Node[]): Node {
  if (factors.length === 1) return factors[0]!;
  return stream.node(matrixProduct(factors) ?? { kind: "multiply", args: factors });
}

function quotient(stream: TokenStream, above: Node, below: Node): Node {
  if (above.kind !== "matrix") return stream.node({ kind: "divide", args: [above, below] });
  return product(stream, [{ kind: "divide", args: [{ kind: "number", value: integer(1) }, below] }, above]);
}

function negated(stream: TokenStream, arg: Node): Node {
  if (arg.kind !== "matrix") return stream.node({ kind: "negate", arg });
  return product(stream, [{ kind: "number", value: integer(-1) }, arg]);
}

/** A factor that may carry a sign: 2 · −3. */
function parseSigned(stream: TokenStream): Node {
  if (stream.accept("-")) return stream.nested(() => negated(stream, parseSigned(stream)));
  if (stream.accept("+")) return stream.nested(() => parseSigned(stream));
  return parsePostfix(stream, parseAtom(stream));
}

/** A factor behind another without a sign between them. */
function parseFactor(stream: TokenStream, left: Node): Node {
  const next = stream.peek();
  if (next.kind === "number" && (left.kind === "number" || left.kind === "symbol"))
    throw new ParseFailure(`“${next.shown}” follows another ${left.kind} without an operator`);
  return parsePostfix(stream, parseAtom(stream));
}
