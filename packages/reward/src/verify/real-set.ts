import { type Comparison, isEqualValue, signOf } from "./equal.js";
import { type Node, symbolsOf } from "./tree.js";

/** A real interval; an infinite end counts as open. A point is an interval from itself to itself. */
export interface RealInterval {
  readonly from: Node;
  readonly to: Node;
  readonly isFromOpen: boolean;
  readonly isToOpen: boolean;
}

export const INFINITY: Node = { kind: "constant", name: "infinity" };
export const MINUS_INFINITY: Node = { kind: "negate", arg: INFINITY };
export const ALL: RealInterval = { from: MINUS_INFINITY, to: INFINITY, isFromOpen: true, isToOpen: true };
/** Intervals of one set that are sorted and cut against each other. */
const MAX_INTERVALS = 30;

export function isInfinite(node: Node): boolean {
  if (node.kind === "negate") return isInfinite(node.arg);
  return node.kind === "constant" && node.name === "infinity";
}

/** The sign of a − b, with infinite ends. */
function order(a: Node, b: Node, comparison: Comparison): number {
  const [left, right] = [infinitySign(a), infinitySign(b)];
  if (left !== 0 || right !== 0) return Math.sign(left - right);
  return signOf({ kind: "add", args: [a, { kind: "negate", arg: b }] }, comparison);
}

function infinitySign(node: Node): number {
  if (!isInfinite(node)) return 0;
  return node.kind === "negate" ? -infinitySign(node.arg) : 1;
}

/** Checks whether the ends are numbers, so that they have an order. */
export function isOrdered(intervals: readonly RealInterval[]): boolean {
  return intervals.length <= MAX_INTERVALS && intervals.every(({ from, to }) => symbolsOf(to, symbolsOf(from)).size === 0);
}

function isEmpty({ from, to, isFromOpen, isToOpen }: RealInterval, comparison: Comparison): boolean {
  const sign = order(from, to, comparison);
  return sign > 0 || (sign === 0 && (isFromOpen || isToOpen));
}

/** The same set as disjoint intervals in ascending order; undefined where one of those given is empty or has no order. */
export function normalized(intervals: readonly RealInterval[], comparison: Comparison): RealInterval[] | undefined {
  if (!isOrdered(intervals) || intervals.some((interval) => isEmpty(interval, comparison))) return undefined;
  const sorted = [...intervals].sort((a, b) => order(a.from, b.from, comparison) || Number(a.isFromOpen) - Number(b.isFromOpen));
  const merged: RealInterval[] = [];
  for (const next of sorted) {
    const last = merged.at(-1);
    const gap = last ? order(next.from, last.to, comparison) : 1;
    if (last === undefined || gap > 0 || (gap === 0 && next.isFromOpen && last.isToOpen)) merged.push(next);
    else {
      const reach = order(next.to, last.to, comparison);
      const isToOpen = reach > 0 ? next.isToOpen : reach < 0 ? last.isToOpen : last.isToOpen && next.isToOpen;
      merged[merged.length - 1] = { ...last, to: reach > 0 ? next.to : last.to, isToOpen };
    }
  }
  return merged;
}

/** The part that two sets have in common; perhaps nothing. */
export function intersection(a: readonly RealInterval[], b: readonly RealInterval[], comparison: Comparison): RealInterval[] {
  return a.flatMap((left) =>
    b.flatMap((right) => {
      const [below, above] = [order(left.from, right.from, comparison), order(left.to, right.to, comparison)];
      const cut: RealInterval = {
        from: below >= 0 ? left.from : right.from,
        to: above <= 0 ? left.to : right.to,
        isFromOpen: below > 0 ? left.isFromOpen : below < 0 ? right.isFromOpen : left.isFromOpen || right.isFromOpen,
        isToOpen: above < 0 ? left.isToOpen : above > 0 ? right.isToOpen : left.isToOpen || right.isToOpen,
      };
      return isEmpty(cut, comparison) ? [] : [cut];
    }),
  );
}

/** All real numbers outside disjoint intervals in ascending order. */
export function complement(intervals: readonly RealInterval[]): RealInterval[] {
  const gaps: RealInterval[] = [];
  let from: Node = MINUS_INFINITY;
  let isFromOpen = true;
  for (const interval of intervals) {
    if (!isInfinite(interval.from)) gaps.push({ from, to: interval.from, isFromOpen, isToOpen: !interval.isFromOpen });
    ({ to: from } = interval);
    isFromOpen = !interval.isToOpen;
  }
  if (!isInfinite(from) || intervals.length === 0) gaps.push({ from, to: INFINITY, isFromOpen, isToOpen: true });
  return gaps;
}

/** Checks whether two lists of intervals are one set; where the ends are no numbers, whether they hold the same intervals. */
export function isSameIntervals(a: readonly RealInterval[], b: readonly RealInterval[], comparison: Comparison): boolean {
  const isSame = (x: RealInterval, y: RealInterval): boolean =>
    x.isFromOpen === y.isFromOpen &&
    x.isToOpen === y.isToOpen &&
    isSameEnd(x.from, y.from, comparison) &&
    isSameEnd(x.to, y.to, comparison);
  if (isOrdered(a) && isOrdered(b)) {
    const [left, right] = [normalized(a, comparison), normalized(b, comparison)];
    return left !== undefined && right?.length === left.length && left.every((interval, index) => isSame(interval, right[index]!));
  }
  if (a.length !== b.length || a.length > MAX_INTERVALS) return false;
  const rest = [...b];
  return a.every((interval) => {
    const index = rest.findIndex((other) => isSame(interval, other));
    if (index >= 0) rest.splice(index, 1);
    return index >= 0;
  });
}

function isSameEnd(a: Node, b: Node, comparison: Comparison): boolean {
  return isEqualValue(a, b, comparison);
}
