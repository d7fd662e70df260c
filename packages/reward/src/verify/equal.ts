import { LIMITS, type Meter, NoValue, Undecided } from "./budget.js";
import { exactValue } from "./exact.js";
import { containsZero, Imprecise, magnitude } from "./interval.js";
import { isRationalFunction, PRIMES, valueModulo } from "./modular.js";
import { enclose } from "./numeric.js";
import { bitLength, integer, type Rational, sizeOf } from "./rational.js";
import { fractionalPoints, wholePoints } from "./sample-points.js";
import { empiricalSeparation, type Separation, separationOf } from "./separation.js";
import { isSameTree, mapChildren, type Node, orderlessKey, someNode, symbolsOf } from "./tree.js";

/** The needs of a comparison of values besides the values. */
export interface Comparison {
  readonly meter: Meter;
  /** Numbers from 0 to 2³² − 1 that depend on the texts compared and on nothing else. */
  readonly random: () => number;
}

/** Checks whether two expressions have the same value, for all values of their variables where the first is real. */
export function isEqualValue(gold: Node, prediction: Node, comparison: Comparison): boolean {
  if (isSameTree(gold, prediction)) return true;
  const [left, right] = [signOfInfinity(gold), signOfInfinity(prediction)];
  if (left !== undefined || right !== undefined) return left === right;
  const names = [...symbolsOf(prediction, symbolsOf(gold))];
  if (names.length > 0 && orderlessKey(gold) === orderlessKey(prediction)) return true;
  const rest = difference(gold, prediction);
  if (names.length === 0) return isZero(rest, comparison);
  const { meter } = comparison;
  if (isRationalFunction(gold, meter) && isRationalFunction(prediction, meter)) return isZeroFunction(rest, names, comparison);
  return agreesAtPoints(gold, prediction, names, comparison);
}

/** Checks whether an expression is 0 for all values of its variables. */
export function isZeroEverywhere(node: Node, comparison: Comparison): boolean {
  return isEqualValue({ kind: "number", value: integer(0) }, node, comparison);
}

function signOfInfinity(node: Node): 1 | -1 | undefined {
  if (node.kind === "constant" && node.name === "infinity") return 1;
  if (node.kind === "add" && node.args.length === 1) return signOfInfinity(node.args[0]!);
  if (node.kind !== "negate") return undefined;
  const sign = signOfInfinity(node.arg);
  return sign === undefined ? undefined : sign === 1 ? -1 : 1;
}

/** Checks whether a number is 0: exactly if it is rational, else by intervals below its separation bound. */
export function isZero(node: Node, { meter }: Comparison, separate: typeof separationOf = separationOf): boolean {
  const exact = exactOrTooLarge(node, meter);
  if (exact === "too large") return differsModuloPrimes(node, meter);
  if (exact !== undefined) return exact.n === 0n;
  let bits = 160;
  let needed: number | undefined;
  for (;;) {
    try {
      const { re, im } = enclose(node, { bits, meter });
      if (!containsZero(re) || !containsZero(im)) return false;
      if (needed !== undefined) {
        const bound = 1n << BigInt(Math.max(0, bits - needed - 1));
        if (magnitude(re) < bound && magnitude(im) < bound) return true;
      }
    } catch (error) {
      if (!(error instanceof Imprecise)) throw error;
    }
    needed ??= separate(node, meter).bits;
    bits = Math.max(2 * bits, needed + 96);
    if (bits > LIMITS.precision) throw new Undecided("telling the two values apart would take too many digits");
  }
}

function exactOrTooLarge(node: Node, meter: Meter): Rational | "too large" | undefined {
  try {
    return exactValue(node, meter);
  } catch (error) {
    if (error instanceof Undecided) return "too large";
    throw error;
  }
}

/** Tells huge numbers apart by their residues. Equal residues prove nothing about numbers beyond the limit. */
function differsModuloPrimes(node: Node, meter: Meter): false {
  if (isRationalFunction(node, meter)) {
    for (const prime of PRIMES) if (valueModulo(node, prime, new Map(), meter) !== 0n) return false;
  }
  throw new Undecided("the numbers are too large to compare");
}

/**
 * Checks whether a rational function is 0, by its values at random points (Schwartz and Zippel): modulo two primes, then, as anybody
 * can write a multiple of two known primes, exactly.
 */
function isZeroFunction(node: Node, names: readonly string[], comparison: Comparison): boolean {
  const { meter, random } = comparison;
  let values = 0;
  for (let attempt = 0; attempt < 6 && values < PRIMES.length; attempt++) {
    const point = new Map(names.map((name) => [name, (BigInt(random()) << 29n) + BigInt(random() >>> 3)]));
    try {
      if (valueModulo(node, PRIMES[values]!, point, meter) !== 0n) return false;
      values++;
    } catch (error) {
      if (!(error instanceof NoValue)) throw error;
    }
  }
  if (values < PRIMES.length) throw new NoValue("no point where the expression has a value");
  const point = new Map(names.map((name) => [name, integer((BigInt(random()) << 8n) + 1n)]));
  try {
    return exactValue(at(node, point), meter)?.n === 0n;
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    meter.spend(1_000);
    const hasLongNumeral = someNode(node, (part) => part.kind === "number" && sizeOf(part.value) > 40);
    const numerals = countNumeralBits(node);
    if (hasLongNumeral || numerals > 100) throw error;
    return true;
  }
}

/** Bits of all numerals together: below those of the primes' product, no coefficient is a multiple of it. */
function countNumeralBits(node: Node): number {
  let bits = 0;
  someNode(node, (part) => {
    if (part.kind === "number") bits += bitLength(part.value.n) + bitLength(part.value.d) - 1;
    return false;
  });
  return bits;
}

/** The node with variables replaced by numbers. */
export function at(node: Node, point: ReadonlyMap<string, Rational>): Node {
  if (node.kind !== "symbol") return mapChildren(node, (child) => at(child, point));
  const value = point.get(node.name);
  return value === undefined ? node : { kind: "number", value };
}

/** Functions that have a value only at whole numbers. */
const OF_WHOLE_NUMBERS = new Set(["factorial", "binomial", "gcd", "lcm", "mod"]);
/** Points that must agree. */
const ENOUGH = 3;

function agreesAtPoints(gold: Node, prediction: Node, names: readonly string[], comparison: Comparison): boolean {
  const { random } = comparison;
  const isComplex = someNode(gold, (part) => part.kind === "constant" && part.name === "i");
  const isWhole = [gold, prediction].some((node) => someNode(node, (part) => part.kind === "call" && OF_WHOLE_NUMBERS.has(part.name)));
  for (const pointsOf of isWhole ? [wholePoints] : [fractionalPoints, wholePoints]) {
    let [agreed, wide] = [0, 0];
    for (const { values, isWide, near } of pointsOf(names, random)) {
      if (agreed >= ENOUGH && wide === 0 && !isWide) continue;
      const nearby = difference(at(gold, near), at(prediction, near));
      const isUnit = [...values.values()].some(({ n, d }) => d === 1n && (n === 1n || n === -1n));
      const outcome = agreesAt(at(gold, values), at(prediction, values), nearby, { isComplex, isUnit }, comparison);
      if (outcome === false) return false;
      if (outcome === true) [agreed, wide] = [agreed + 1, wide + Number(isWide)];
      if (agreed >= ENOUGH && wide > 0) return true;
    }
  }
  throw new Undecided("too few points where the answer has a value");
}

interface PlaceOptions {
  readonly isComplex: boolean;
  /** Set if a coordinate is 1 or −1, where 1/ln x and others have no value though what they stand for has one. */
  readonly isUnit: boolean;
}

/** Undefined where the gold answer has no real value, so that nothing is asked of the prediction, or where the two are not told apart. */
function agreesAt(
  gold: Node,
  prediction: Node,
  nearby: Node,
  { isComplex, isUnit }: PlaceOptions,
  comparison: Comparison,
): boolean | undefined {
  try {
    const { im } = enclose(gold, { bits: 128, meter: comparison.meter });
    if (!isComplex && im !== undefined && !(im.lo === 0n && im.hi === 0n)) return undefined;
  } catch (error) {
    if (error instanceof NoValue || error instanceof Undecided) return undefined;
    throw error;
  }
  try {
    return isZero(difference(gold, prediction), comparison, (node, meter) => separationNear(node, nearby, meter));
  } catch (error) {
    if (error instanceof NoValue) return isUnit ? undefined : false;
    if (error instanceof Undecided) return undefined;
    throw error;
  }
}

function difference(a: Node, b: Node): Node {
  return { kind: "add", args: [a, { kind: "negate", arg: b }] };
}

/** Bits that could hide in the numerals of an expression, told at a point nearby that has short ones: those of the point itself hide nothing. */
function separationNear(node: Node, nearby: Node, meter: Meter): Separation {
  try {
    return empiricalSeparation(nearby, meter);
  } catch (error) {
    if (error instanceof NoValue) return empiricalSeparation(node, meter);
    throw error;
  }
}

/** −1, 0 or 1: how a number compares with 0. */
export function signOf(node: Node, comparison: Comparison): number {
  if (isZero(node, comparison)) return 0;
  for (let bits = 160; bits <= LIMITS.precision; bits *= 2) {
    const { re } = enclose(node, { bits, meter: comparison.meter });
    if (!containsZero(re)) return re.lo > 0n ? 1 : -1;
  }
  throw new Undecided("a sign is not known");
}
