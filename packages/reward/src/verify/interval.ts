import { type Meter, NoValue, Undecided } from "./budget.js";
import { bitLength, type Rational } from "./rational.js";

/** All real numbers from lo / 2^bits to hi / 2^bits. */
export interface Interval {
  readonly lo: bigint;
  readonly hi: bigint;
}

/** Arithmetic of intervals with a fixed number of binary places; every result encloses the true value. */
export interface Precision {
  readonly bits: number;
  readonly meter: Meter;
}

/** Bits of an integer part that interval arithmetic goes along with. */
const MAX_MAGNITUDE = 8_000;

export function fromRational({ n, d }: Rational, { bits, meter }: Precision): Interval {
  meter.spend(100 + (bits + bitLength(n)) / 8);
  const scaled = n << BigInt(bits);
  const lo = d === 1n ? scaled : floorDivide(scaled, d);
  const result = { lo, hi: lo * d === scaled ? lo : lo + 1n };
  checkMagnitude(result, bits);
  return result;
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

export function isZero({ lo, hi }: Interval): boolean {
  return lo === 0n && hi === 0n;
}

export function containsZero({ lo, hi }: Interval): boolean {
  return lo <= 0n && hi >= 0n;
}

export function add(a: Interval, b: Interval): Interval {
  return { lo: a.lo + b.lo, hi: a.hi + b.hi };
}

export function negate({ lo, hi }: Interval): Interval {
  return { lo: -hi, hi: -lo };
}

export function subtract(a: Interval, b: Interval): Interval {
  return { lo: a.lo - b.hi, hi: a.hi - b.lo };
}

/** The larger bound, without sign. */
export function magnitude({ lo, hi }: Interval): bigint {
  const [a, b] = [lo < 0n ? -lo : lo, hi < 0n ? -hi : hi];
  return a > b ? a : b;
}

export function multiply(a: Interval, b: Interval, { bits, meter }: Precision): Interval {
  if (isZero(a) || isZero(b)) return { lo: 0n, hi: 0n };
  meter.spend(500 + (wordsOf(a, bits) + wordsOf(b, bits)) ** 1.6);
  const products = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
  const shift = BigInt(bits);
  const result = { lo: smallest(products) >> shift, hi: -(-largest(products) >> shift) };
  checkMagnitude(result, bits);
  return result;
}

export function checkMagnitude(value: Interval, bits: number): void {
  if (magnitude(value) >> BigInt(bits + MAX_MAGNITUDE) !== 0n) throw new Undecided("an intermediate value is too large");
}

/** Words of 64 bits that a bound has at most, told from whether it has a long integer part. */
function wordsOf(a: Interval, bits: number): number {
  return (bits + (magnitude(a) >> BigInt(bits + 256) === 0n ? 0 : MAX_MAGNITUDE)) / 64;
}

function smallest(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a < b ? a : b));
}

function largest(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b));
}

/** Thrown where more precision may help: a divisor that is perhaps zero, a sign that is not known. */
export class Imprecise extends Undecided {}

export function reciprocal(a: Interval, { bits, meter }: Precision): Interval {
  if (isZero(a)) throw new NoValue("division by zero");
  if (containsZero(a)) throw new Imprecise("a divisor cannot be told from zero");
  meter.spend(500 + wordsOf(a, bits) ** 1.6 * 8);
  const one = 1n << BigInt(2 * bits);
  const result = { lo: floorDivide(one, a.hi), hi: floorDivide(one, a.lo) + 1n };
  checkMagnitude(result, bits);
  return result;
}
