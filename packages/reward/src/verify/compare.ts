import { LIMITS, NoValue, Undecided } from "./budget.js";
import { at, type Comparison, isEqualValue, isZeroEverywhere } from "./equal.js";
import { isSameQuantity } from "./quantity.js";
import { integer } from "./rational.js";
import { intervalsOf, isSameIntervals } from "./solution-set.js";
import { mapChildren, type Node, someNode, symbolsOf } from "./tree.js";

type Relation = Extract<Node, { kind: "relation" }>;
type Sequence = Extract<Node, { kind: "sequence" }>;

/** Whether a prediction is the gold answer; the form of the gold answer decides how they are compared. */
export function isSameAnswer(gold: Node, prediction: Node, isStrict: boolean, comparison: Comparison): boolean {
  const same = (a: Node, b: Node): boolean => isSameAnswer(a, b, isStrict, comparison);
  if (gold.kind === "relation") return isSameRelation(gold, prediction, isStrict, comparison);
  if (prediction.kind === "relation" && intervalsOf(prediction, comparison) === undefined) {
    const values = valuesOf(prediction, isStrict);
    return values !== undefined && values.every((value) => same(gold, value));
  }
  const goldMembers = membersOf(gold);
  if (goldMembers) return isSameCollection(gold, goldMembers, prediction, isStrict, comparison);
  if (hasPlusMinus(prediction)) return false;
  switch (gold.kind) {
    case "sequence":
      return isSameSequence(gold, prediction, isStrict, comparison);
    case "setOperation": {
      const [left, right] = [intervalsOf(gold, comparison), intervalsOf(prediction, comparison)];
      return left !== undefined && right !== undefined && isSameIntervals(left, right, comparison);
    }
    case "matrix": {
      const rows = prediction.kind === "matrix" ? prediction.rows : isStrict ? undefined : rowsOf(prediction, gold.rows);
      return rows !== undefined && isSameTable(gold.rows, rows, same);
    }
    case "based":
      if (prediction.kind === "based") return gold.base === prediction.base && gold.digits === prediction.digits;
      return !isStrict && prediction.kind === "number" && prediction.value.d === 1n && prediction.value.n.toString() === gold.digits;
    case "ratio":
      return isSameRatio(gold.args, prediction, isStrict, comparison);
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
      return isValue(prediction) && isSameQuantity(gold, prediction, isStrict, comparison);
  }
}

function isValue(node: Node): boolean {
  return !["sequence", "relation", "setOperation", "matrix", "based", "ratio"].includes(node.kind);
}

/** The values that an equation or an approximation states: what stands behind the name; every side of 1 + 1 = 2. */
function valuesOf({ operators, args }: Relation, isStrict: boolean): readonly Node[] | undefined {
  if (isStrict) return undefined;
  const kind = operators[0]!;
  if (operators.every((operator) => operator === "=" || operator === "≈")) {
    const exact = args.filter((_, index) => index === 0 || operators[index - 1] === "=");
    const approximate = operators.indexOf("≈");
    const stated = approximate < 0 ? exact : args.slice(0, approximate + 1);
    const values = stated.length > 1 && isName(stated[0]!) ? stated.slice(1) : stated;
    return values.length === 1 && values === stated && approximate < 0 ? undefined : values;
  }
  return kind === "∈" && operators.length === 1 && isName(args[0]!) ? [args[1]!] : undefined;
}

/** x, x_1, f(x), Area. */
function isName(node: Node): boolean {
  if (node.kind === "symbol") return true;
  if (node.kind === "sequence") return node.open === "(" && node.items.every(isName);
  return node.kind === "multiply" && node.args.length === 2 && node.args.every((arg) => arg.kind === "symbol");
}

function hasPlusMinus(node: Node): boolean {
  return someNode(node, (part) => part.kind === "plusMinus");
}

/** Members of a set, of a list with commas, or of an expression with ±; undefined for anything else. */
function membersOf(node: Node): readonly Node[] | undefined {
  if (node.kind === "sequence" && (node.open === "{" || node.open === "")) return node.items.flatMap(withBothSigns);
  return node.kind !== "sequence" && node.kind !== "setOperation" && hasPlusMinus(node) ? withBothSigns(node) : undefined;
}

/** a ± b as a + b and a − b; signs in one expression go together. */
function withBothSigns(node: Node): readonly Node[] {
  if (!hasPlusMinus(node)) return [node];
  const choose = (part: Node, upper: boolean): Node => {
    const inner = mapChildren(part, (child) => choose(child, upper));
    if (inner.kind !== "plusMinus") return inner;
    return (inner.sign === 1) === upper ? inner.arg : { kind: "negate", arg: inner.arg };
  };
  return [choose(node, true), choose(node, false)];
}

function isSameCollection(gold: Node, goldMembers: readonly Node[], prediction: Node, isStrict: boolean, comparison: Comparison): boolean {
  const same = (a: Node, b: Node): boolean => isSameAnswer(a, b, isStrict, comparison);
  const [left, right] = [intervalsOf(gold, comparison), intervalsOf(prediction, comparison)];
  if (left && right && gold.kind === "sequence" && gold.open === "" && isSameIntervals(left, right, comparison)) return true;
  let members = membersOf(prediction);
  if (members === undefined) {
    if (prediction.kind === "sequence" && !isStrict && gold.kind === "sequence" && gold.open === "" && prediction.open === "(") {
      return isSameRow(goldMembers, prediction.items, same); // a tuple for a list, in its order
    }
    if (goldMembers.length !== 1 || isStrict) return false;
    members = [prediction];
  }
  if (isStrict && gold.kind === "sequence" && !(prediction.kind === "sequence" && prediction.open === gold.open)) return false;
  const isSet = gold.kind === "sequence" && gold.open === "{";
  if (!isSet && members.length !== goldMembers.length) return false;
  if (Math.max(goldMembers.length, members.length) > LIMITS.members) throw new Undecided(`more than ${LIMITS.members} members`);
  if (isSet) return covers(goldMembers, members, same) && covers(members, goldMembers, (a, b) => same(b, a));
  const rest = [...members];
  return goldMembers.every((member) => {
    const index = rest.findIndex((candidate) => same(member, candidate));
    if (index >= 0) rest.splice(index, 1);
    return index >= 0;
  });
}

function covers(some: readonly Node[], others: readonly Node[], same: (a: Node, b: Node) => boolean): boolean {
  return some.every((one) => others.some((other) => same(one, other)));
}

function isSameRow(a: readonly Node[], b: readonly Node[], same: (a: Node, b: Node) => boolean): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index]!));
}

function isSameTable(a: readonly (readonly Node[])[], b: readonly (readonly Node[])[], same: (a: Node, b: Node) => boolean): boolean {
  return a.length === b.length && a.every((row, index) => isSameRow(row, b[index]!, same));
}

/** Tuples, vectors and intervals: order counts. */
function isSameSequence(gold: Sequence, prediction: Node, isStrict: boolean, comparison: Comparison): boolean {
  const same = (a: Node, b: Node): boolean => isSameAnswer(a, b, isStrict, comparison);
  if (prediction.kind === "sequence" && prediction.open !== "{") {
    const isBare = prediction.open === "";
    const isSameBrackets = gold.open === prediction.open && gold.close === prediction.close;
    const isVector = gold.items.length !== 2 && gold.close === (gold.open === "(" ? ")" : "]");
    if (isSameBrackets || (!isStrict && (isBare ? gold.open === "(" && gold.close === ")" : isVector))) {
      return isSameRow(gold.items, prediction.items, same);
    }
    return false;
  }
  if (prediction.kind === "matrix")
    return (
      !isStrict &&
      gold.items.length > 1 &&
      isSameTable(
        gold.items.map((item) => [item]),
        prediction.rows,
        same,
      )
    );
  const [left, right] = [intervalsOf(gold, comparison), intervalsOf(prediction, comparison)];
  return left !== undefined && right !== undefined && isSameIntervals(left, right, comparison);
}

/** A tuple as a column, or [[a, b], [c, d]] as a table. */
function rowsOf(node: Node, like: readonly (readonly Node[])[]): readonly (readonly Node[])[] | undefined {
  if (node.kind !== "sequence" || node.open === "{" || node.open === "") return undefined;
  if (node.items.every((item) => item.kind === "sequence")) return node.items.map((item) => (item.kind === "sequence" ? item.items : []));
  return like[0]!.length === 1 ? node.items.map((item) => [item]) : undefined;
}

function isSameRatio(gold: readonly Node[], prediction: Node, isStrict: boolean, comparison: Comparison): boolean {
  const parts = prediction.kind === "ratio" ? prediction.args : undefined;
  const cross = (a: Node, b: Node): Node => ({ kind: "multiply", args: [a, b] });
  if (parts) {
    if (parts.length !== gold.length || ![...parts, ...gold].every(isValue)) return false;
    return gold.every((part, index) => index === 0 || isEqualValue(cross(part, parts[0]!), cross(parts[index]!, gold[0]!), comparison));
  }
  if (isStrict || gold.length !== 2 || !isValue(prediction)) return false;
  return isEqualValue({ kind: "divide", args: [gold[0]!, gold[1]!] }, prediction, comparison);
}

function isSameRelation(gold: Relation, prediction: Node, isStrict: boolean, comparison: Comparison): boolean {
  const same = (a: Node, b: Node): boolean => isSameAnswer(a, b, isStrict, comparison);
  const [left, right] = [intervalsOf(gold, comparison), intervalsOf(prediction, comparison)];
  if (left) return right !== undefined && isSameIntervals(left, right, comparison);
  const isEquation = gold.operators.length === 1 && gold.operators[0] === "=";
  const [first, second] = [gold.args[0]!, gold.args[1]!];
  if (isEquation && prediction.kind === "relation" && prediction.operators.every((operator) => operator === "=")) {
    if (prediction.args.length === 2) {
      const [p, q] = [prediction.args[0]!, prediction.args[1]!];
      if (isName(first) && isName(p) && !isStructure(second) && isSameName(first, p)) return same(second, q);
      if (isStructure(second) || isStructure(q)) return isName(first) && isName(p) && isSameName(first, p) && same(second, q);
      return isSameEquation([first, second], [p, q], comparison);
    }
    return isName(first) && prediction.args.slice(1).every((value) => same(second, value));
  }
  if (isEquation && isName(first) && !isStrict && prediction.kind !== "relation") return same(second, prediction);
  const { operators, args } = gold;
  if (prediction.kind !== "relation" || prediction.operators.join() !== operators.join()) return false;
  return isSameRow(args, prediction.args, same);
}

function isStructure(node: Node): boolean {
  return !isValue(node) || hasPlusMinus(node);
}

function isSameName(a: Node, b: Node): boolean {
  return [...symbolsOf(a)].join() === [...symbolsOf(b)].join();
}

/** Whether a = b and c = d are the same up to a constant factor: (a − b)·k = (c − d)·l with k, l their values at a point. */
function isSameEquation(gold: readonly [Node, Node], prediction: readonly [Node, Node], comparison: Comparison): boolean {
  if (![...gold, ...prediction].every(isValue)) return false;
  const difference = ([a, b]: readonly [Node, Node]): Node => ({ kind: "add", args: [a, { kind: "negate", arg: b }] });
  const [left, right] = [difference(gold), difference(prediction)];
  const point = new Map([...symbolsOf(left)].map((name) => [name, integer(2 + (comparison.random() % 1_000))]));
  if (point.size === 0 || [...symbolsOf(right)].some((name) => !point.has(name))) return false;
  try {
    const [k, l] = [at(left, point), at(right, point)];
    if (isZeroEverywhere(k, comparison) || isZeroEverywhere(l, comparison)) return false;
    const cross = (a: Node, b: Node): Node => ({ kind: "multiply", args: [a, b] });
    return isEqualValue(cross(left, l), cross(right, k), comparison);
  } catch (error) {
    if (error instanceof NoValue) return false;
    throw error;
  }
}
