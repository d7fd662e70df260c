import { LIMITS, type Meter, NoValue, Undecided } from "./budget.js";
import { exactValue } from "./exact.js";
import { magnitude } from "./interval.js";
import { enclose } from "./numeric.js";
import { bitLength, sizeOf } from "./rational.js";
import { childrenOf, hasValue, isSameTree, type Node } from "./tree.js";

/** Distance from 0 of the value of an expression is, unless it is 0. */
export interface Separation {
  /** The value is 0, or not below 2^−bits. */
  readonly bits: number;
  /** Set if that is proved. It is for numbers made with + − × ÷ and roots. */
  readonly isProved: boolean;
}

/** log2 of the two bounds of the root bound: the value is U/L with |conjugates of U| ≤ u, |conjugates of L| ≤ l. */
interface Bounds {
  readonly u: number;
  readonly l: number;
}

/**
 * The BFMSS bound for algebraic numbers: |E| ≥ 1 / (l · u^(D−1)) or E = 0, with D the product of the orders of the distinct
 * roots. Burnikel, Funke, Mehlhorn, Schirra, Schmitt, "A separation bound for real algebraic expressions" (2001).
 *
 * For expressions with π, e, logarithms or angles no such bound is known. There the answer is 256 bits (77 digits) and four
 * times what numerals and exponents could hide: an equality then means agreement to at least 50 significant digits.
 */
export function separationOf(node: Node, meter: Meter): Separation {
  const roots: Node[] = [];
  let degree = 1;
  const addRoot = (root: Node, order: number): void => {
    meter.spend(roots.length * 200);
    if (roots.some((known) => isSameTree(known, root))) return;
    roots.push(root);
    degree *= order;
  };
  const boundsOf = (part: Node): Bounds | undefined => {
    meter.spend(200);
    const exact = exactValue(part, meter);
    if (exact !== undefined) return { u: bitLength(exact.n), l: bitLength(exact.d) };
    if (!hasValue(part)) return undefined;
    switch (part.kind) {
      case "constant":
        if (part.name !== "i") return undefined;
        addRoot(part, 2);
        return { u: 0, l: 0 };
      case "negate":
        return boundsOf(part.arg);
      case "add":
      case "multiply": {
        let sum: Bounds | undefined;
        for (const arg of part.args) {
          const next = boundsOf(arg);
          if (next === undefined) return undefined;
          if (sum === undefined) sum = next;
          else if (part.kind === "multiply") sum = { u: sum.u + next.u, l: sum.l + next.l };
          else sum = { u: Math.max(sum.u + next.l, sum.l + next.u) + 1, l: sum.l + next.l };
        }
        return sum;
      }
      case "divide": {
        const [above, below] = [boundsOf(part.args[0]), boundsOf(part.args[1])];
        return above && below && { u: above.u + below.l, l: above.l + below.u };
      }
      case "power": {
        const exponent = exactValue(part.args[1], meter);
        const base = boundsOf(part.args[0]);
        if (base === undefined || exponent === undefined || exponent.d > 64n || bitLength(exponent.n) > 16) return undefined;
        const order = Number(exponent.d);
        if (order > 1) addRoot({ kind: "power", args: [part.args[0], { kind: "number", value: { n: 1n, d: exponent.d } }] }, order);
        const root = rootBounds(base, order);
        const times = Math.abs(Number(exponent.n));
        return exponent.n < 0n ? { u: root.l * times, l: root.u * times } : { u: root.u * times, l: root.l * times };
      }
      case "call": {
        if (part.name !== "root") return undefined;
        const order = exactValue(part.args[1]!, meter);
        const radicand = boundsOf(part.args[0]!);
        if (radicand === undefined || order === undefined || order.d !== 1n || order.n > 64n) return undefined;
        addRoot(part, Number(order.n));
        return rootBounds(radicand, Number(order.n));
      }
      case "percent": {
        const inner = boundsOf(part.arg);
        return inner && { u: inner.u, l: inner.l + 7 };
      }
      case "number":
      case "symbol":
      case "degrees":
        return undefined;
    }
  };
  const bounds = boundsOf(node);
  if (bounds) {
    const bits = Math.ceil(bounds.l + (degree - 1) * Math.max(bounds.u, 0)) + 2;
    if (bits <= LIMITS.precision - 200) return { bits, isProved: true };
  }
  return empiricalSeparation(node, meter);
}

/** 256 bits and four times what numerals and exponents could hide, with no proof. */
export function empiricalSeparation(node: Node, meter: Meter): Separation {
  return { bits: Math.ceil(256 + 4 * hiddenBits(node, meter)), isProved: false };
}

function rootBounds({ u, l }: Bounds, order: number): Bounds {
  if (order === 1) return { u, l };
  return u >= l ? { u: (u + (order - 1) * l) / order, l } : { u, l: ((order - 1) * u + l) / order };
}

/** Bits of the largest rational parts, and of the arguments of exponentials, taken together. */
function hiddenBits(node: Node, meter: Meter): number {
  meter.spend(100);
  const exact = exactValue(node, meter);
  if (exact !== undefined) return sizeOf(exact);
  const inner = childrenOf(node).reduce((sum, child) => sum + hiddenBits(child, meter), 0);
  if (node.kind === "power") return inner + exponentialBits(node.args[1], meter) * Math.max(1, hiddenBits(node.args[0], meter));
  if (node.kind === "call" && (node.name === "exp" || node.name.endsWith("h"))) return inner + exponentialBits(node.args[0]!, meter);
  return inner;
}

/** Bits that an exponential of this argument may add: about its size. */
function exponentialBits(node: Node, meter: Meter): number {
  try {
    const { re, im } = enclose(node, { bits: 64, meter });
    return 2 + 2 * (Number(magnitude(re) + magnitude(im)) / 2 ** 64);
  } catch (error) {
    if (error instanceof Undecided || error instanceof NoValue) return Number.POSITIVE_INFINITY;
    throw error;
  }
}
