import { NoValue } from "./budget.js";
import { hasPlusMinus, isSameRow } from "./collections.js";
import { at, type Comparison, isEqualValue, isZeroEverywhere, signOf } from "./equal.js";
import type { Matching } from "./matching.js";
import { functionName, isCurve, isName, isQuantityName, namedValuesOf } from "./names.js";
import { integer } from "./rational.js";
import { isSameSolutionSet, solutionSetOf } from "./solution-set.js";
import { hasValue, isSameTree, isValue, mapChildren, type Node, symbolsOf } from "./tree.js";

type Relation = Extract<Node, { kind: "relation" }>;

/**
 * Checks whether an equation or approximation states the value that is asked for: behind a name, on every side of 1 + 1 = 2, or as the
 * number that the exact value rounds to where the gold answer is that number.
 */
export function statesValue(gold: Node, { operators, args }: Relation, matching: Matching): boolean {
  const { isStrict } = matching;
  const same = (value: Node): boolean => matching.isSame(gold, value);
  if (isStrict || !operators.every((operator) => operator === "=" || operator === "≈")) return false;
  const isNumber = symbolsOf(gold).size === 0;
  const isNameHere = isNumber ? isQuantityName : isName;
  const isReversed = args.length === 2 && isNameHere(args[1]!) && !isNameHere(args[0]!);
  const sides = isReversed ? [...args].reverse() : args;
  const approximate = operators.indexOf("≈");
  const exact = approximate < 0 ? sides : sides.slice(0, approximate + 1);
  let values = exact.length > 0 && isNameHere(exact[0]!) ? exact.slice(1) : exact;
  while (isNumber && values !== exact && values.length > 1 && isName(values[0]!)) values = values.slice(1); // x = y = 12
  if (values.length > 0 && (values.length > 1 || values !== exact || approximate >= 0) && values.every(same)) return true;
  const rounded = approximate < 0 ? undefined : sides[approximate + 1];
  if (rounded?.kind !== "number" || !same(rounded)) return false;
  return values.every((value) => isRounded(value, rounded.value, matching));
}

/** Checks whether a decimal is a value rounded to its last place, or to one more than that. */
function isRounded(value: Node, { n, d }: { readonly n: bigint; readonly d: bigint }, comparison: Comparison): boolean {
  if (symbolsOf(value).size > 0 || !isValue(value)) return false;
  let scale = 1n;
  while (scale % d !== 0n && scale < 10n ** 30n) scale *= 10n;
  const half = { n: 1n, d: 2n * scale };
  const difference: Node = { kind: "add", args: [value, { kind: "number", value: { n: -n, d } }] };
  const distance: Node = { kind: "call", name: "abs", args: [difference] };
  return signOf({ kind: "add", args: [distance, { kind: "number", value: { n: -half.n, d: half.d } }] }, comparison) <= 0;
}

export function isSameRelation(given: Relation, prediction: Node, matching: Matching): boolean {
  const { isSame: same, isStrict } = matching;
  const gold = withoutMiddle(given);
  const isBare = prediction.kind !== "relation" && !isStrict;
  if (isBare && gold.operators.join() === "∈" && isName(gold.args[0]!) && same(gold.args[1]!, prediction)) return true;
  const set = solutionSetOf(gold, matching);
  const isEquation = gold.operators.length === 1 && gold.operators[0] === "=";
  if (set && !isEquation) {
    if (isSameSolutionSet(set, solutionSetOf(prediction, matching), matching)) return true;
    return prediction.kind === "relation" && isSameInequality(gold, prediction, matching);
  }
  const [first, second] = [gold.args[0]!, gold.args[1]!];
  if (isEquation && prediction.kind === "relation" && prediction.operators.every((operator) => operator === "=")) {
    if (prediction.args.length === 2) {
      const [p, q] = withArgumentOf(first, [prediction.args[0]!, prediction.args[1]!]);
      const isSameName = isName(first) && isName(p) && isSameTree(first, p);
      if (isSameName && !isStructure(second)) return same(second, q);
      if (isStructure(second) || isStructure(q)) return isSameName && same(second, q);
      return isSameEquation([first, second], [p, q], matching);
    }
    return isName(first) && prediction.args.slice(1).every((value) => same(second, value));
  }
  if (isEquation && namesValue(first, second) && isBare) return isSameBehindName(gold, prediction, same);
  if (prediction.kind !== "relation") return false;
  if (isSameInequality(gold, prediction, matching)) return true;
  return [prediction, mirrored(prediction)].some(
    (one) => one?.operators.join() === gold.operators.join() && isSameRow(gold.args, one.args, same),
  );
}

/** f(x) = 2x + 1 beside f(t) = 2t + 1, with the other's argument. */
function withArgumentOf(name: Node, sides: readonly [Node, Node]): readonly [Node, Node] {
  const [wanted, given] = [functionName(name), functionName(sides[0])];
  if (!wanted || !given || wanted.name !== given.name || wanted.argument === given.argument) return sides;
  if (symbolsOf(sides[1]).has(wanted.argument)) return sides;
  const renamed = (node: Node): Node =>
    node.kind === "symbol" && node.name === given.argument ? { ...node, name: wanted.argument } : mapChildren(node, renamed);
  return [name, renamed(sides[1])];
}

/** Checks whether the one side of an equation is the name of the other: f(x) of anything, also |AB|, m + n or 5! of a number. */
function namesValue(name: Node, value: Node): boolean {
  if (symbolsOf(value).size > 0) return isName(name);
  if (symbolsOf(name).size === 0) return hasValue(name);
  return isQuantityName(name) && !isCurve(name);
}

/** The value behind the name, or x = 1, y = 2 for (x, y) = (1, 2). */
function isSameBehindName(gold: Relation, prediction: Node, same: (a: Node, b: Node) => boolean): boolean {
  const [wanted, found] = [namedValuesOf(gold), namedValuesOf(prediction)];
  if (!wanted || !found) return same(gold.args[1]!, prediction);
  if (wanted.length !== found.length) return false;
  return wanted.every(({ name, value }) => found.filter((other) => other.name === name && same(value, other.value)).length === 1);
}

/** S = 3 + 4 = 7 as S = 7; x = π ≈ 3.14 as x = π. */
function withoutMiddle(relation: Relation): Relation {
  const { operators, args } = relation;
  const approximate = operators.indexOf("≈");
  const exact =
    approximate > 0 && operators.slice(0, approximate).every((operator) => operator === "=") ? args.slice(0, approximate + 1) : args;
  const isChain = operators.slice(0, exact.length - 1).every((operator) => operator === "=");
  if (!isChain || !namesValue(exact[0]!, exact.at(-1)!) || exact.length < 2 || args.length < 3) return relation;
  return { kind: "relation", operators: ["="], args: [exact[0]!, exact.at(-1)!] };
}

const MIRROR: Readonly<Record<string, string>> = { "<": ">", ">": "<", "≤": "≥", "≥": "≤", "=": "=", "≠": "≠" };

/** 1 < x + y for x + y > 1. */
function mirrored({ operators, args }: Relation): Relation | undefined {
  const turned = operators.map((operator) => MIRROR[operator]);
  if (turned.some((operator) => operator === undefined)) return undefined;
  return { kind: "relation", operators: turned.flatMap((operator) => operator ?? []).reverse(), args: [...args].reverse() };
}

function isStructure(node: Node): boolean {
  return !isValue(node) || hasPlusMinus(node);
}

/** Checks whether a = b and c = d are the same up to a constant factor: (a − b)·k = (c − d)·l with k, l their values at a point. */
function isSameEquation(gold: readonly [Node, Node], prediction: readonly [Node, Node], comparison: Comparison): boolean {
  if (![...gold, ...prediction].every(isValue)) return false;
  return proportionOf(difference(...gold), difference(...prediction), comparison) !== undefined;
}

function difference(a: Node, b: Node): Node {
  return { kind: "add", args: [a, { kind: "negate", arg: b }] };
}

/** Checks whether a < b and c ≥ d are the same up to a constant factor, and its sign. */
function isSameInequality(gold: Relation, prediction: Relation, comparison: Comparison): boolean {
  const [left, right] = [belowZero(gold), belowZero(prediction)];
  if (left === undefined || right === undefined || left.operator !== right.operator) return false;
  const factors = proportionOf(left.side, right.side, comparison);
  if (factors === undefined || left.operator === "≠") return factors !== undefined;
  return signOf({ kind: "multiply", args: [...factors] }, comparison) > 0;
}

/** a − b where a < b, b − a where a > b. */
function belowZero({ operators, args }: Relation): { readonly side: Node; readonly operator: string } | undefined {
  const [[operator = "", ...others], [a, b]] = [operators, args];
  if (others.length > 0 || a === undefined || b === undefined || !isValue(a) || !isValue(b)) return undefined;
  switch (operator) {
    case "<":
    case "≤":
    case "≠":
      return { side: difference(a, b), operator };
    case ">":
      return { side: difference(b, a), operator: "<" };
    case "≥":
      return { side: difference(b, a), operator: "≤" };
    default:
      return undefined;
  }
}

/** The values k, l at a point of two expressions of which one is a constant multiple of the other; undefined for any others. */
function proportionOf(left: Node, right: Node, comparison: Comparison): readonly [Node, Node] | undefined {
  const point = new Map([...symbolsOf(left)].map((name) => [name, integer(2 + (comparison.random() % 1_000))]));
  if (point.size === 0 || [...symbolsOf(right)].some((name) => !point.has(name))) return undefined;
  try {
    const [k, l] = [at(left, point), at(right, point)];
    if (isZeroEverywhere(k, comparison) || isZeroEverywhere(l, comparison)) return undefined;
    const cross = (a: Node, b: Node): Node => ({ kind: "multiply", args: [a, b] });
    return isEqualValue(cross(left, l), cross(right, k), comparison) ? [k, l] : undefined;
  } catch (error) {
    if (error instanceof NoValue) return undefined;
    throw error;
  }
}
