import { type Comparison, isEqualValue } from "./equal.js";
import { integer } from "./rational.js";
import { type Node, someNode } from "./tree.js";
import { canonicalUnit } from "./vocabulary.js";

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
  if (left.unit !== "" && right.unit !== "") {
    const [from, to] = isStrict ? [] : [scaleOf(left.unit), scaleOf(right.unit)];
    return from !== undefined && from.kind === to?.kind && isEqual(scaled(left.value, from.size), scaled(right.value, to.size));
  }
  const unit = left.unit + right.unit;
  if (!isStrict && isEqual(left.value, right.value)) return true;
  if (unit === "%") return isEqual(inHundredths(left), inHundredths(right));
  if (unit === "°") {
    const bare = left.unit === "" ? left.value : right.value;
    return someNode(bare, (part) => part.kind === "constant" && part.name === "pi") && isEqual(inRadians(left), inRadians(right));
  }
  return false;
}

/** Sizes of units, each in the smallest of its line. Length, mass, time, volume: those with one meaning everywhere. */
const SCALES = [
  { millimeter: 1n, centimeter: 10n, meter: 1_000n, kilometer: 1_000_000n },
  { inch: 1n, foot: 12n, yard: 36n, mile: 63_360n },
  { gram: 1n, kilogram: 1_000n },
  { second: 1n, minute: 60n, hour: 3_600n, day: 86_400n, week: 604_800n },
  { milliliter: 1n, liter: 1_000n },
  { cent: 1n, dollar: 100n },
] as const satisfies readonly Readonly<Record<string, bigint>>[];

/** Line and size of a unit, of square and cubic ones too; undefined for any other unit. */
function scaleOf(unit: string): { readonly kind: string; readonly size: bigint } | undefined {
  const [, name, power = "1"] = /^([a-z]+)(?:\^([23]))?$/.exec(unit) ?? [];
  const canonical = canonicalUnit(name ?? "");
  const line = SCALES.findIndex((sizes) => Object.hasOwn(sizes, canonical));
  if (line < 0 || (power !== "1" && line > 1)) return undefined; // of lengths alone there are squares
  const sizes: Readonly<Record<string, bigint>> = SCALES[line]!;
  return { kind: `${line}^${power}`, size: sizes[canonical]! ** BigInt(power) };
}

function scaled(value: Node, size: bigint): Node {
  return { kind: "multiply", args: [value, { kind: "number", value: integer(size) }] };
}

function inHundredths({ value, unit }: Quantity): Node {
  return unit === "%" ? { kind: "divide", args: [value, { kind: "number", value: integer(100) }] } : value;
}

function inRadians({ value, unit }: Quantity): Node {
  return unit === "°" ? { kind: "degrees", arg: value } : value;
}
