import { type Node, symbolsOf } from "./tree.js";

/** x, x_1, f(x), Area, (x, y), V_1 : V_2: what may stand before the sign of equality in an answer. */
export function isName(node: Node): boolean {
  if (node.kind === "symbol") return true;
  if (node.kind === "sequence") return node.open === "(" && node.items.every(isName);
  if (node.kind === "ratio" || node.kind === "setOperation") return node.args.every(isName);
  if (node.kind === "divide") return node.args.every((part) => part.kind === "multiply" && isDifferential(part)); // dy/dx
  if (node.kind !== "multiply" || node.args.length !== 2) return false;
  const [first, second] = node.args;
  const isFunction = first?.kind === "symbol" || (first?.kind === "power" && first.args[0].kind === "symbol"); // f(x), f^{-1}(x)
  return isFunction && second?.kind === "symbol";
}

function isDifferential({ args: [d, name, ...others] }: Extract<Node, { kind: "multiply" }>): boolean {
  return d?.kind === "symbol" && d.name === "d" && name?.kind === "symbol" && others.length === 0;
}

/** f and t of f(t); undefined for any other name. */
export function functionName(node: Node): { readonly name: string; readonly argument: string } | undefined {
  if (node.kind !== "multiply" || node.args.length !== 2) return undefined;
  const [first, second] = node.args;
  return first?.kind === "symbol" && second?.kind === "symbol" ? { name: first.name, argument: second.name } : undefined;
}

/** Names that may stand there where the answer is a number: also f(2), |AB|, sin A, x + y, a² + b², a/b. No 2x or x + 1, which would be solved. */
export function isQuantityName(node: Node): boolean {
  if (isName(node)) return true;
  if (node.kind === "multiply") return node.args.every((arg, index) => isQuantityName(arg) || (index > 0 && arg.kind === "number"));
  if (node.kind === "add" || node.kind === "divide") return node.args.every(isQuantityName);
  if (node.kind === "power") return isQuantityName(node.args[0]) && symbolsOf(node.args[1]).size === 0;
  const [argument] = node.kind === "call" ? node.args : [];
  if (argument?.kind === "multiply") return argument.args.every((arg) => isQuantityName(arg) || arg.kind === "number"); // sin 2A
  return argument !== undefined && isQuantityName(argument);
}

/** One value with the name that an answer gives to it. */
export interface NamedValue {
  readonly name: string;
  readonly value: Node;
}

/** The values of x = 1, y = 2 or (x, y) = (1, 2); undefined for anything else. */
export function namedValuesOf(node: Node): readonly NamedValue[] | undefined {
  if (node.kind === "relation") {
    const [names, values] = node.args;
    if (node.operators.join() !== "=" || names?.kind !== "sequence" || values?.kind !== "sequence") return undefined;
    if (names.items.length !== values.items.length || !names.items.every((item) => item.kind === "symbol")) return undefined;
    return names.items.map((item, index) => ({ name: item.kind === "symbol" ? item.name : "", value: values.items[index]! }));
  }
  if (node.kind !== "sequence" || (node.open !== "" && node.open !== "{")) return undefined;
  const named: NamedValue[] = [];
  for (const item of node.items) {
    const first = named[0];
    if (item.kind === "relation" && item.operators.join() === "=" && item.args[0]!.kind === "symbol")
      named.push({ name: item.args[0]!.name, value: item.args[1]! });
    else if (first && item.kind === "number") named.push({ name: first.name, value: item }); // x = 1, 2
    else return undefined;
  }
  return named.length > 1 ? named : undefined;
}

/** Checks whether all values are of one unknown: x = 1, x = 2 or x_1 = 1, x_2 = 2. */
export function isOneUnknown(named: readonly NamedValue[]): boolean {
  return named.every(({ name }) => baseOf(name) === baseOf(named[0]!.name));
}

export function baseOf(name: string): string {
  return name.split("_")[0]!;
}

/** Values in the order in which they are written, those of the coordinates x, y, z in theirs; undefined if a name has two. */
export function inOrderOfNames(named: readonly NamedValue[]): readonly Node[] | undefined {
  if (new Set(named.map(({ name }) => name)).size !== named.length) return undefined;
  const isPoint = named.every(({ name }) => COORDINATES.has(name));
  return (isPoint ? [...named].sort((a, b) => (a.name < b.name ? -1 : 1)) : named).map(({ value }) => value);
}

const COORDINATES: ReadonlySet<string> = new Set(["x", "y", "z"]);

/** x + y, x² + y², xy, sin x: with a number on the other side an equation that is to be solved, and no name of that number. */
export function isCurve(node: Node): boolean {
  if (node.kind === "call" && node.name === "abs" && node.args[0]!.kind === "symbol") return true;
  const isMade = node.kind === "add" || node.kind === "multiply" || node.kind === "divide" || node.kind === "power" || node.kind === "call";
  return isMade && [...symbolsOf(node)].every((name) => COORDINATES.has(name));
}
