import { type Comparison, isEqualValue, signOf } from "./equal.js";
import type { Node } from "./tree.js";

/** A real interval; an infinite end counts as open. */
export interface RealInterval {
  readonly from: Node;
  readonly to: Node;
  readonly isFromOpen: boolean;
  readonly isToOpen: boolean;
}

const INFINITY: Node = { kind: "constant", name: "infinity" };
const MINUS_INFINITY: Node = { kind: "negate", arg: INFINITY };
const FLIPPED: Readonly<Record<string, string>> = { "<": ">", ">": "<", "≤": "≥", "≥": "≤", "≠": "≠" };

/** The intervals that an answer names: [a, b), x < 2, a < x ≤ b, unions of them, ℝ without points. Undefined if it names none. */
export function intervalsOf(node: Node, comparison: Comparison): RealInterval[] | undefined {
  switch (node.kind) {
    case "sequence":
      return ofSequence(node, comparison);
    case "setOperation": {
      if (node.operator === "∪") return concat(node.args, comparison);
      if (node.operator === "∖") return without(node.args[0]!, node.args[1]!, comparison);
      return undefined;
    }
    case "relation":
      return ofRelation(node, comparison);
    case "number":
    case "symbol":
    case "constant":
    case "add":
    case "multiply":
    case "negate":
    case "plusMinus":
    case "divide":
    case "power":
    case "call":
    case "percent":
    case "degrees":
    case "unit":
    case "based":
    case "ratio":
    case "matrix":
      return undefined;
  }
}

function concat(nodes: readonly Node[], comparison: Comparison): RealInterval[] | undefined {
  const parts = nodes.map((part) => intervalsOf(part, comparison));
  return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
}

function ofSequence(node: Extract<Node, { kind: "sequence" }>, comparison: Comparison): RealInterval[] | undefined {
  const { open, close, items } = node;
  if (open === "(" || open === "[") {
    const [from, to] = items;
    if (items.length === 1 && items[0]!.kind === "relation") return intervalsOf(items[0]!, comparison);
    if (from === undefined || to === undefined || items.length !== 2) return undefined;
    return [{ from, to, isFromOpen: open === "(" || isInfinite(from), isToOpen: close === ")" || isInfinite(to) }];
  }
  if (open === "{") return items.map((point) => ({ from: point, to: point, isFromOpen: false, isToOpen: false }));
  return items.every((item) => item.kind === "relation" || item.kind === "setOperation") ? concat(items, comparison) : undefined;
}

function isInfinite(node: Node): boolean {
  if (node.kind === "negate") return isInfinite(node.arg);
  return node.kind === "constant" && node.name === "infinity";
}

function ofRelation({ operators, args }: Extract<Node, { kind: "relation" }>, comparison: Comparison): RealInterval[] | undefined {
  const [first, second] = operators as [string, string?];
  if (first === "∈" && operators.length === 1) return args[0]!.kind === "symbol" ? intervalsOf(args[1]!, comparison) : undefined;
  if (operators.some((operator) => !Object.hasOwn(FLIPPED, operator))) return undefined;
  if (operators.length === 1) {
    if (args[0]!.kind === "symbol") return ray(first, args[1]!);
    return args[1]!.kind === "symbol" ? ray(FLIPPED[first]!, args[0]!) : undefined;
  }
  if (operators.length !== 2 || second === undefined || args[1]!.kind !== "symbol") return undefined;
  const isUp = (operator: string) => operator === "<" || operator === "≤";
  if (first === "≠" || second === "≠" || isUp(first) !== isUp(second)) return undefined;
  const [from, to, below, above] = isUp(first)
    ? [args[0]!, args[2]!, first, second]
    : [args[2]!, args[0]!, FLIPPED[second]!, FLIPPED[first]!];
  return [{ from, to, isFromOpen: below === "<" || isInfinite(from), isToOpen: above === "<" || isInfinite(to) }];
}

/** The x with x ⋄ end. */
function ray(operator: string, end: Node): RealInterval[] {
  const below = (isToOpen: boolean): RealInterval => ({ from: MINUS_INFINITY, to: end, isFromOpen: true, isToOpen });
  const above = (isFromOpen: boolean): RealInterval => ({ from: end, to: INFINITY, isFromOpen, isToOpen: true });
  if (operator === "≠") return [below(true), above(true)];
  return operator === "<" || operator === "≤" ? [below(operator === "<")] : [above(operator === ">")];
}

/** ℝ without finitely many points. */
function without(whole: Node, points: Node, comparison: Comparison): RealInterval[] | undefined {
  const [all] = intervalsOf(whole, comparison) ?? [];
  const isEverything =
    all !== undefined && all.from.kind === "negate" && isInfinite(all.from) && isInfinite(all.to) && all.to.kind === "constant";
  if (!isEverything || points.kind !== "sequence" || points.open !== "{" || points.items.length > 20) return undefined;
  const sorted = [...points.items].sort((a, b) => signOf({ kind: "add", args: [a, { kind: "negate", arg: b }] }, comparison));
  const ends = [MINUS_INFINITY, ...sorted, INFINITY];
  return ends.slice(1).map((to, index) => ({ from: ends[index]!, to, isFromOpen: true, isToOpen: true }));
}

/** Whether two lists hold the same intervals, in any order. */
export function isSameIntervals(a: readonly RealInterval[], b: readonly RealInterval[], comparison: Comparison): boolean {
  if (a.length !== b.length || a.length > 50) return false;
  const left = [...b];
  return a.every((one) => {
    const index = left.findIndex((other) => isSameInterval(one, other, comparison));
    if (index >= 0) left.splice(index, 1);
    return index >= 0;
  });
}

function isSameInterval(a: RealInterval, b: RealInterval, comparison: Comparison): boolean {
  if (a.isFromOpen !== b.isFromOpen || a.isToOpen !== b.isToOpen) return false;
  return isEqualValue(a.from, b.from, comparison) && isEqualValue(a.to, b.to, comparison);
}
