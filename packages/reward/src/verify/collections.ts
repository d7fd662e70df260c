import { LIMITS, Undecided } from "./budget.js";
import type { Matching } from "./matching.js";
import { inOrderOfNames, isOneUnknown, namedValuesOf } from "./names.js";
import { isSameSolutionSet, solutionSetOf } from "./solution-set.js";
import { mapChildren, type Node, someNode } from "./tree.js";

type Sequence = Extract<Node, { kind: "sequence" }>;
type Same = (a: Node, b: Node) => boolean;

export function hasPlusMinus(node: Node): boolean {
  return someNode(node, (part) => part.kind === "plusMinus");
}

/** Members of a set, of a list with commas, or of an expression with ±; undefined for anything else. */
export function membersOf(node: Node): readonly Node[] | undefined {
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

export function isSameCollection(gold: Node, goldMembers: readonly Node[], prediction: Node, matching: Matching): boolean {
  const { isSame: same, isStrict } = matching;
  const isList = gold.kind === "sequence" && gold.open === "";
  if (isList || prediction.kind === "setOperation") {
    const set = solutionSetOf(gold, matching);
    if (set && isSameSolutionSet(set, solutionSetOf(prediction, matching), matching)) return true;
  }
  const named = namedValuesOf(gold);
  if (named) return isSameNamed(named, prediction, matching);
  let members = membersOf(prediction);
  if (members === undefined) {
    if (prediction.kind === "sequence" && !isStrict && isList && prediction.open === "(") {
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
  return isSameMultiset(goldMembers, members, same);
}

/** x = 1, y = 2 against the same by name, or against (1, 2) in the order of the names; values of one unknown have no order. */
function isSameNamed(named: NonNullable<ReturnType<typeof namedValuesOf>>, prediction: Node, matching: Matching): boolean {
  const { isSame: same, isStrict } = matching;
  const other = namedValuesOf(prediction);
  const values = named.map(({ value }) => value);
  if (other) {
    if (other.length !== named.length) return false;
    const names = (some: typeof other) => some.map(({ name }) => name).sort().join(); // prettier-ignore
    if (names(named) === names(other)) {
      const rest = [...other];
      return named.every(({ name, value }) => {
        const index = rest.findIndex((candidate) => candidate.name === name && same(value, candidate.value));
        if (index >= 0) rest.splice(index, 1);
        return index >= 0;
      });
    }
    const isOneLetter = isOneUnknown([...named, ...other]);
    return isOneLetter && isSameMultiset(values, other.map(({ value }) => value), same); // prettier-ignore
  }
  if (isStrict) return false;
  const members = membersOf(prediction);
  if (isOneUnknown(named)) {
    const found = members ?? (prediction.kind === "sequence" ? prediction.items : undefined);
    const goldValues = values.flatMap((value) => membersOf(value) ?? [value]);
    const given = found?.flatMap((item) => (item.kind === "relation" && item.operators.join() === "=" ? [item.args[1]!] : [item]));
    return given !== undefined && isSameMultiset(goldValues, given, same);
  }
  const ordered = inOrderOfNames(named);
  const items = prediction.kind === "sequence" && (prediction.open === "(" || prediction.open === "") ? prediction.items : undefined;
  return ordered !== undefined && items !== undefined && isSameRow(ordered, items, same);
}

function covers(some: readonly Node[], others: readonly Node[], same: Same): boolean {
  return some.every((one) => others.some((other) => same(one, other)));
}

function isSameMultiset(a: readonly Node[], b: readonly Node[], same: Same): boolean {
  if (a.length !== b.length) return false;
  if (a.length > LIMITS.members) throw new Undecided(`more than ${LIMITS.members} members`);
  const rest = [...b];
  return a.every((member) => {
    const index = rest.findIndex((candidate) => same(member, candidate));
    if (index >= 0) rest.splice(index, 1);
    return index >= 0;
  });
}

export function isSameRow(a: readonly Node[], b: readonly Node[], same: Same): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index]!));
}

export function isSameTable(a: readonly (readonly Node[])[], b: readonly (readonly Node[])[], same: Same): boolean {
  return a.length === b.length && a.every((row, index) => isSameRow(row, b[index]!, same));
}

/** Tuples, vectors and intervals: order counts. */
export function isSameSequence(gold: Sequence, prediction: Node, matching: Matching): boolean {
  const { isSame: same, isStrict } = matching;
  const named = isStrict ? undefined : namedValuesOf(prediction);
  if (named && gold.open === "(" && gold.close === ")") {
    const values = inOrderOfNames(named);
    return values !== undefined && isSameRow(gold.items, values, same);
  }
  const isBare = prediction.kind === "sequence" && prediction.open === "";
  if (prediction.kind === "sequence" && prediction.open !== "{") {
    const isSameBrackets = gold.open === prediction.open && gold.close === prediction.close;
    const isVector = gold.items.length !== 2 && gold.close === (gold.open === "(" ? ")" : "]");
    if (isSameBrackets || (!isStrict && (isBare ? gold.open === "(" && gold.close === ")" : isVector))) {
      if (isSameRow(gold.items, prediction.items, same)) return true;
    }
    if (!isBare) return false;
  }
  if (prediction.kind === "matrix") {
    const column = gold.items.map((item) => [item]);
    return !isStrict && gold.items.length > 1 && isSameTable(column, prediction.rows, same);
  }
  return isSameSolutionSet(solutionSetOf(gold, matching), solutionSetOf(prediction, matching), matching);
}

/** A tuple as a column, or [[a, b], [c, d]] as a table. */
export function rowsOf(node: Node, like: readonly (readonly Node[])[]): readonly (readonly Node[])[] | undefined {
  if (node.kind !== "sequence" || node.open === "{" || node.open === "") return undefined;
  if (node.items.every((item) => item.kind === "sequence")) return node.items.map((item) => (item.kind === "sequence" ? item.items : []));
  return like[0]!.length === 1 ? node.items.map((item) => [item]) : undefined;
}
