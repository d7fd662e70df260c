import { type Comparison, signOf } from "./equal.js";
import { linearOf, solved } from "./linear.js";
import {
  ALL,
  complement,
  INFINITY,
  intersection,
  isInfinite,
  isOrdered,
  isSameIntervals,
  MINUS_INFINITY,
  normalized,
  type RealInterval,
} from "./real-set.js";
import { hasValue, type Node, symbolsOf } from "./tree.js";

/** A set of real numbers, and the variable that a relation gave to its members. */
export interface SolutionSet {
  readonly intervals: readonly RealInterval[];
  readonly variable: string | undefined;
}

const FLIPPED: Readonly<Record<string, string>> = { "<": ">", ">": "<", "≤": "≥", "≥": "≤", "≠": "≠", "=": "=" };

/** The set that an answer names: [a, b), x < 2, a < x ≤ b, unions, ℝ without points, inequalities in a row. Undefined if it names none. */
export function solutionSetOf(node: Node, comparison: Comparison): SolutionSet | undefined {
  if (node.kind === "sequence") return ofSequence(node, comparison);
  if (node.kind === "relation") return ofRelation(node, comparison);
  if (node.kind === "setOperation") {
    const [first, ...others] = node.args.map((part) => solutionSetOf(part, comparison));
    return others.reduce((set, other) => combine(set, other, node.operator, comparison), first);
  }
  // ℝ − {1, 2}
  const [whole, removed] = node.kind === "add" && node.args.length === 2 ? node.args : [];
  if (whole?.kind !== "sequence" || removed?.kind !== "negate" || removed.arg.kind !== "sequence") return undefined;
  return combine(solutionSetOf(whole, comparison), solutionSetOf(removed.arg, comparison), "∖", comparison);
}

/** Checks whether two answers name one set; relations must be about one variable. */
export function isSameSolutionSet(a: SolutionSet | undefined, b: SolutionSet | undefined, comparison: Comparison): boolean {
  if (a === undefined || b === undefined) return false;
  if (a.variable !== undefined && b.variable !== undefined && a.variable !== b.variable) return false;
  return isSameIntervals(a.intervals, b.intervals, comparison);
}

function combine(
  a: SolutionSet | undefined,
  b: SolutionSet | undefined,
  operator: "∪" | "∩" | "∖",
  comparison: Comparison,
): SolutionSet | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a.variable !== undefined && b.variable !== undefined && a.variable !== b.variable) return undefined;
  const variable = a.variable ?? b.variable;
  if (operator === "∪") return { intervals: [...a.intervals, ...b.intervals], variable };
  if (!isOrdered(a.intervals) || !isOrdered(b.intervals)) return undefined;
  const other = operator === "∩" ? b.intervals : normalized(b.intervals, comparison);
  return other && { intervals: intersection(a.intervals, operator === "∩" ? other : complement(other), comparison), variable };
}

function ofSequence(node: Extract<Node, { kind: "sequence" }>, comparison: Comparison): SolutionSet | undefined {
  const { open, close, items } = node;
  if (open === "") return ofList(items, node.isAlternative ?? false, comparison);
  if (open === "{") return close === "}" ? { intervals: items.map(point), variable: undefined } : undefined;
  const [from, to] = items;
  if (items.length === 1 && items[0]!.kind === "relation") return solutionSetOf(items[0]!, comparison);
  if (from === undefined || to === undefined || items.length !== 2) return undefined;
  return {
    intervals: [{ from, to, isFromOpen: open === "(" || isInfinite(from), isToOpen: close === ")" || isInfinite(to) }],
    variable: undefined,
  };
}

function point(value: Node): RealInterval {
  return { from: value, to: value, isFromOpen: false, isToOpen: false };
}

/**
 * Relations in a row. “or” joins them. Without it they hold together, if they can: x > −1, x < 1; x ≠ 1, x ≠ 2; else any of them may
 * hold: x < 0, x > 1.
 */
function ofList(items: readonly Node[], isAlternative: boolean, comparison: Comparison): SolutionSet | undefined {
  const first = items[0]!;
  const relations = items.map((item, index): Node => {
    const isShort = index > 0 && item.kind === "number" && first.kind === "relation" && first.operators.join() === "≠";
    return isShort ? { ...first, args: [first.args[0]!, item] } : item; // x ≠ 1, 2
  });
  if (!relations.every(({ kind }) => kind === "relation" || kind === "setOperation")) return undefined;
  if (relations.every((item) => item.kind === "relation" && item.operators.every((operator) => operator === "="))) return undefined;
  const [start, ...others] = relations.map((item) => solutionSetOf(item, comparison));
  if (!isAlternative) {
    const together = others.reduce((set, other) => combine(set, other, "∩", comparison), start);
    if (together && together.intervals.length > 0) return together;
  }
  return others.reduce((set, other) => combine(set, other, "∪", comparison), start);
}

function ofRelation({ operators, args }: Extract<Node, { kind: "relation" }>, comparison: Comparison): SolutionSet | undefined {
  const [first, second] = operators as [string, string?];
  if (first === "∈" && operators.length === 1) {
    const variable = nameOf(args[0]!);
    const set = variable === undefined ? undefined : solutionSetOf(args[1]!, comparison);
    return set && { ...set, variable };
  }
  if (operators.some((operator) => !Object.hasOwn(FLIPPED, operator))) return undefined;
  if (operators.length === 1) return ofInequality(first, args[0]!, args[1]!, comparison);
  if (operators.length !== 2 || second === undefined) return undefined;
  const variable = nameOf(args[1]!);
  if (variable === undefined) {
    const line = [args[0]!, args[2]!].every((end) => symbolsOf(end).size === 0) ? linearOf(args[1]!, comparison) : undefined;
    if (line === undefined) return undefined;
    const ends = [solved(line, args[0]!), { kind: "symbol", name: line.variable } as const, solved(line, args[2]!)];
    return ofRelation(
      { kind: "relation", operators: line.isRising ? operators : operators.map((sign) => FLIPPED[sign]!), args: ends },
      comparison,
    );
  }
  const isUp = (operator: string) => operator === "<" || operator === "≤";
  if (first === "≠" || second === "≠" || first === "=" || second === "=" || isUp(first) !== isUp(second)) return undefined;
  const [from, to, below, above] = isUp(first)
    ? [args[0]!, args[2]!, first, second]
    : [args[2]!, args[0]!, FLIPPED[second]!, FLIPPED[first]!];
  return { intervals: [{ from, to, isFromOpen: below === "<" || isInfinite(from), isToOpen: above === "<" || isInfinite(to) }], variable };
}

function nameOf(node: Node): string | undefined {
  return node.kind === "symbol" ? node.name : undefined;
}

/** x ⋄ end, end ⋄ x, or |x| ⋄ end. */
function ofInequality(operator: string, left: Node, right: Node, comparison: Comparison): SolutionSet | undefined {
  if (nameOf(left) !== undefined) return { intervals: ray(operator, right), variable: nameOf(left) };
  if (nameOf(right) !== undefined) return { intervals: ray(FLIPPED[operator]!, left), variable: nameOf(right) };
  if (left.kind !== "call" || left.name !== "abs") return ofLinear(operator, left, right, comparison);
  if (operator === "=" || operator === "≠") return undefined;
  const variable = nameOf(left.args[0]!);
  if (variable === undefined || symbolsOf(right).size > 0 || signOf(right, comparison) <= 0) return undefined;
  const minus: Node = { kind: "negate", arg: right };
  const isInside = operator === "<" || operator === "≤";
  const isOpen = operator === "<" || operator === ">";
  const inside: RealInterval = { from: minus, to: right, isFromOpen: isOpen === isInside, isToOpen: isOpen === isInside };
  return { intervals: isInside ? [inside] : complement([inside]), variable };
}

/** 2x + 1 ⋄ 5 as x ⋄ 2. */
function ofLinear(operator: string, left: Node, right: Node, comparison: Comparison): SolutionSet | undefined {
  if (operator === "=" || !hasValue(left) || !hasValue(right)) return undefined;
  const line = linearOf({ kind: "add", args: [left, { kind: "negate", arg: right }] }, comparison);
  if (line === undefined) return undefined;
  const end = solved(line, { kind: "number", value: { n: 0n, d: 1n } });
  return { intervals: ray(line.isRising ? operator : FLIPPED[operator]!, end), variable: line.variable };
}

/** The x with x ⋄ end. */
function ray(operator: string, end: Node): RealInterval[] {
  if (operator === "=") return [point(end)];
  if (operator === "≠") return complement([point(end)]);
  return operator === "<" || operator === "≤"
    ? [{ ...ALL, from: MINUS_INFINITY, to: end, isToOpen: operator === "<" }]
    : [{ ...ALL, from: end, to: INFINITY, isFromOpen: operator === ">" }];
}
