import { NoValue } from "./budget.js";
import { at, type Comparison, isEqualValue, signOf } from "./equal.js";
import { integer } from "./rational.js";
import { hasValue, type Node, symbolsOf } from "./tree.js";

/** slope · variable + offset, with a slope that is not 0. */
export interface Linear {
  readonly variable: string;
  readonly slope: Node;
  readonly offset: Node;
  readonly isRising: boolean;
}

/** An expression in one variable as a linear function; undefined if it is none. */
export function linearOf(node: Node, comparison: Comparison): Linear | undefined {
  const [variable, ...others] = symbolsOf(node);
  if (variable === undefined || others.length > 0 || !hasValue(node)) return undefined;
  const valueAt = (x: number) => at(node, new Map([[variable, integer(x)]]));
  const offset = valueAt(0);
  const slope: Node = { kind: "add", args: [valueAt(1), { kind: "negate", arg: offset }] };
  try {
    const line: Node = { kind: "add", args: [{ kind: "multiply", args: [slope, { kind: "symbol", name: variable }] }, offset] };
    const sign = signOf(slope, comparison);
    return sign !== 0 && isEqualValue(node, line, comparison) ? { variable, slope, offset, isRising: sign > 0 } : undefined;
  } catch (error) {
    if (error instanceof NoValue) return undefined;
    throw error;
  }
}

/** The point at which a linear function has a value. */
export function solved({ slope, offset }: Linear, value: Node): Node {
  return { kind: "divide", args: [{ kind: "add", args: [value, { kind: "negate", arg: offset }] }, slope] };
}
