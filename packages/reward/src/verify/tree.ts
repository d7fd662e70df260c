import { isEqual, type Rational } from "./rational.js";

/** An answer as the parser reads it. */
export type Node = Expression | Structure;

export type ConstantName = "pi" | "e" | "i" | "infinity";

/** Nodes that have a value. */
export type Expression =
  | { readonly kind: "number"; readonly value: Rational }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "constant"; readonly name: ConstantName }
  | { readonly kind: "add"; readonly args: readonly Node[] }
  | { readonly kind: "multiply"; readonly args: readonly Node[] }
  | { readonly kind: "negate"; readonly arg: Node }
  | { readonly kind: "plusMinus"; readonly sign: 1 | -1; readonly arg: Node }
  | { readonly kind: "divide"; readonly args: readonly [Node, Node] }
  | { readonly kind: "power"; readonly args: readonly [Node, Node] }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Node[] };

/** Nodes made of values, or qualifies one. */
export type Structure =
  | { readonly kind: "percent"; readonly arg: Node }
  | { readonly kind: "degrees"; readonly arg: Node }
  | { readonly kind: "unit"; readonly arg: Node; readonly unit: string }
  | { readonly kind: "based"; readonly digits: string; readonly base: number }
  | { readonly kind: "ratio"; readonly args: readonly Node[] }
  | {
      readonly kind: "sequence";
      readonly open: Opening;
      readonly close: string;
      readonly items: readonly Node[];
      /** Set if an “or” stands between items. */
      readonly isAlternative?: boolean;
    }
  | { readonly kind: "relation"; readonly operators: readonly string[]; readonly args: readonly Node[] }
  | { readonly kind: "setOperation"; readonly operator: "∪" | "∩" | "∖"; readonly args: readonly Node[] }
  | { readonly kind: "matrix"; readonly rows: readonly (readonly Node[])[] };

/** The beginning of a sequence; nothing for members with commas between them. */
export type Opening = "" | "(" | "[" | "{";

/** Nodes without a numeric value of their own. */
export type Valueless = Extract<
  Node,
  { kind: "plusMinus" | "unit" | "based" | "ratio" | "sequence" | "relation" | "setOperation" | "matrix" }
>;

const VALUELESS: ReadonlySet<Node["kind"]> = new Set<Valueless["kind"]>([
  "plusMinus",
  "unit",
  "based",
  "ratio",
  "sequence",
  "relation",
  "setOperation",
  "matrix",
]);

/** Checks whether a node is a number, a variable, or made of them by operations that give a value. */
export function hasValue(node: Node): node is Exclude<Node, Valueless> {
  return !VALUELESS.has(node.kind);
}

/** A value, perhaps with a unit or a sign ±. */
export type Value = Exclude<Node, Valueless> | Extract<Node, { kind: "unit" | "plusMinus" }>;

/** Checks whether a node is a value and no structure of values. */
export function isValue(node: Node): node is Value {
  return hasValue(node) || node.kind === "unit" || node.kind === "plusMinus";
}

/** The parts of a node, in order. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "number":
    case "symbol":
    case "constant":
    case "based":
      return [];
    case "negate":
    case "plusMinus":
    case "percent":
    case "degrees":
    case "unit":
      return [node.arg];
    case "sequence":
      return node.items;
    case "matrix":
      return node.rows.flat();
    case "add":
    case "multiply":
    case "divide":
    case "power":
    case "call":
    case "ratio":
    case "relation":
    case "setOperation":
      return node.args;
  }
}

export function someNode(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || childrenOf(node).some((child) => someNode(child, test));
}

/** Names of the variables in a node. */
export function symbolsOf(node: Node, names = new Set<string>()): Set<string> {
  if (node.kind === "symbol") names.add(node.name);
  for (const child of childrenOf(node)) symbolsOf(child, names);
  return names;
}

/** The node with its children replaced, in the order of {@link childrenOf}. */
export function mapChildren(node: Node, change: (child: Node) => Node): Node {
  switch (node.kind) {
    case "number":
    case "symbol":
    case "constant":
    case "based":
      return node;
    case "negate":
    case "plusMinus":
    case "percent":
    case "degrees":
    case "unit":
      return { ...node, arg: change(node.arg) };
    case "sequence":
      return { ...node, items: node.items.map(change) };
    case "matrix":
      return { ...node, rows: node.rows.map((row) => row.map(change)) };
    case "divide":
    case "power":
      return { ...node, args: [change(node.args[0]), change(node.args[1])] };
    case "add":
    case "multiply":
    case "call":
    case "ratio":
    case "relation":
    case "setOperation":
      return { ...node, args: node.args.map(change) };
  }
}

/** Checks whether two trees are the same, node by node. */
export function isSameTree(a: Node, b: Node): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  if (a.kind === "number" && b.kind === "number") return isEqual(a.value, b.value);
  const left = childrenOf(a);
  const right = childrenOf(b);
  return left.length === right.length && labelOf(a) === labelOf(b) && left.every((child, index) => isSameTree(child, right[index]!));
}

/** A text that two trees have in common if they are the same up to the order of summands and factors. */
export function orderlessKey(node: Node): string {
  if (node.kind === "number") return `${node.value.n}/${node.value.d}`;
  const { kind } = node;
  const keys = kind === "add" || kind === "multiply" ? partsOf(node, kind).map(orderlessKey).sort() : childrenOf(node).map(orderlessKey);
  return `${kind} ${labelOf(node)}(${keys.join(";")})`;
}

/** Summands or factors, those of inner sums or products among them. */
function partsOf(node: Node, kind: "add" | "multiply"): readonly Node[] {
  return node.kind === kind ? node.args.flatMap((arg) => partsOf(arg, kind)) : [node];
}

function labelOf(node: Node): string {
  switch (node.kind) {
    case "symbol":
    case "constant":
    case "call":
      return node.name;
    case "plusMinus":
      return String(node.sign);
    case "unit":
      return node.unit;
    case "based":
      return `${node.digits}_${node.base}`;
    case "sequence":
      return node.open + node.close;
    case "relation":
      return node.operators.join(" ");
    case "setOperation":
      return node.operator;
    case "matrix":
      return String(node.rows.length);
    case "number":
    case "add":
    case "multiply":
    case "negate":
    case "divide":
    case "power":
    case "percent":
    case "degrees":
    case "ratio":
      return "";
  }
}
