import { type Comparison, isEqualValue } from "./equal.js";
import { integer } from "./rational.js";
import { type Node, someNode } from "./tree.js";

/** A value with what stands behind it. */
interface Quantity {
  readonly value: Node;
  readonly unit: string;
}

function quantityOf(node: Node): Quantity {
  if (node.kind === "percent") return { value: node.arg, unit: "%" };
  if (node.kind === "degrees") return { value: node.arg, unit: "°" };
  if (node.kind === "unit") return { value: node.arg, unit: node.unit };
  if (node.kind !== "negate") return { value: node, unit: "" };
  const { value, unit } = quantityOf(node.arg);
  return { value: { kind: "negate", arg: value }, unit };
}

/**
 * Checks whether two values with units are the same. Both units given must agree. Unless strict, one may be left out, and a bare
 * number may stand for percent or degrees.
 */
export function isSameQuantity(gold: Node, prediction: Node, isStrict: boolean, comparison: Comparison): boolean {
  const [left, right] = [quantityOf(gold), quantityOf(prediction)];
  const isEqual = (a: Node, b: Node) => isEqualValue(a, b, comparison);
  if (left.unit === right.unit) return isEqual(left.value, right.value);
  if (left.unit !== "" && right.unit !== "") return false;
  const unit = left.unit + right.unit;
  if (!isStrict && isEqual(left.value, right.value)) return true;
  if (unit === "%") return isEqual(inHundredths(left), inHundredths(right));
  if (unit === "°") {
    const bare = left.unit === "" ? left.value : right.value;
    return someNode(bare, (part) => part.kind === "constant" && part.name === "pi") && isEqual(inRadians(left), inRadians(right));
  }
  return false;
}

function inHundredths({ value, unit }: Quantity): Node {
  return unit === "%" ? { kind: "divide", args: [value, { kind: "number", value: integer(100) }] } : value;
}

function inRadians({ value, unit }: Quantity): Node {
  return unit === "°" ? { kind: "degrees", arg: value } : value;
}
