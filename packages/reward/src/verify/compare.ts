import { hasPlusMinus, isSameCollection, isSameSequence, isSameTable, membersOf, rowsOf } from "./collections.js";
import { type Comparison, isEqualValue } from "./equal.js";
import type { Matching } from "./matching.js";
import { isName } from "./names.js";
import { isSameQuantity } from "./quantity.js";
import { isSameRelation, statesValue } from "./relations.js";
import { isSameSolutionSet, solutionSetOf } from "./solution-set.js";
import { isValue, type Node, type Value } from "./tree.js";

/** Checks whether a prediction is the gold answer; the form of the gold answer decides how they are compared. */
export function isSameAnswer(gold: Node, given: Node, isStrict: boolean, comparison: Comparison): boolean {
  const matching: Matching = { ...comparison, isStrict, isSame: (a, b) => matches(a, b, matching) };
  return matches(gold, given, matching);
}

function matches(gold: Node, given: Node, matching: Matching): boolean {
  const { isSame: same, isStrict } = matching;
  if (gold.kind === "relation") {
    const exact = gold.operators.indexOf("≈") === 0 && gold.args.length === 2 && isName(gold.args[0]!) ? gold.args[1] : undefined;
    return exact && given.kind !== "relation" ? same(exact, given) : isSameRelation(gold, given, matching);
  }
  const prediction = isStrict ? given : behindMembership(given);
  if (prediction.kind === "relation") {
    if (statesValue(gold, prediction, matching)) return true;
    const set = solutionSetOf(gold, matching);
    return set !== undefined && isSameSolutionSet(set, solutionSetOf(prediction, matching), matching);
  }
  const goldMembers = membersOf(gold);
  if (goldMembers) return isSameCollection(gold, goldMembers, prediction, matching);
  if (hasPlusMinus(prediction)) return false;
  if (isValue(gold)) return isSameSingleValue(gold, prediction, matching);
  switch (gold.kind) {
    case "sequence":
      return isSameSequence(gold, prediction, matching);
    case "setOperation":
      return isSameSolutionSet(solutionSetOf(gold, matching), solutionSetOf(prediction, matching), matching);
    case "matrix": {
      const rows = prediction.kind === "matrix" ? prediction.rows : isStrict ? undefined : rowsOf(prediction, gold.rows);
      return rows !== undefined && isSameTable(gold.rows, rows, same);
    }
    case "based":
      if (prediction.kind === "based") return gold.base === prediction.base && gold.digits === prediction.digits;
      return !isStrict && prediction.kind === "number" && prediction.value.d === 1n && prediction.value.n.toString() === gold.digits;
    case "ratio":
      return isSameRatio(gold.args, prediction, matching);
  }
}

function isSameSingleValue(gold: Value, prediction: Node, matching: Matching): boolean {
  const { isSame, isStrict } = matching;
  // Two ways to write it: 1\frac12 or \frac32.
  if (!isStrict && prediction.kind === "sequence" && prediction.open === "" && prediction.isAlternative)
    return prediction.items.every((item) => isSame(gold, item));
  const value = isStrict ? prediction : onlyMember(prediction);
  if (!isStrict && value.kind === "ratio" && value.args.length === 2) return isSameRatio(value.args, gold, matching);
  return isValue(value) && isSameQuantity(gold, value, isStrict, matching);
}

/** The set behind x ∈; any other answer as it is. */
function behindMembership(node: Node): Node {
  const isMembership = node.kind === "relation" && node.operators.join() === "∈" && isName(node.args[0]!);
  return isMembership ? node.args[1]! : node;
}

/** 7 for {7}. */
function onlyMember(node: Node): Node {
  return node.kind === "sequence" && node.open === "{" && node.items.length === 1 ? node.items[0]! : node;
}

function isSameRatio(gold: readonly Node[], prediction: Node, matching: Matching): boolean {
  const parts = prediction.kind === "ratio" ? prediction.args : undefined;
  const cross = (a: Node, b: Node): Node => ({ kind: "multiply", args: [a, b] });
  if (parts) {
    if (parts.length !== gold.length || ![...parts, ...gold].every(isValue)) return false;
    return gold.every((part, index) => index === 0 || isEqualValue(cross(part, parts[0]!), cross(parts[index]!, gold[0]!), matching));
  }
  if (matching.isStrict || gold.length !== 2 || ![...gold, prediction].every(isValue)) return false;
  return isEqualValue({ kind: "divide", args: [gold[0]!, gold[1]!] }, prediction, matching);
}
