import { Undecided } from "./budget.js";
import { type Interval, magnitude, type Precision } from "./interval.js";
import { bitLength, integerRoot } from "./rational.js";

// Each function computes with GUARD more bits than asked for and widens the result by one unit in the last place asked for.
const GUARD = 64;
const piCache = new Map<number, bigint>();

/** ⌊π · 2^bits⌋ up to a few units, by Machin's formula. */
function piFixed(bits: number): bigint {
  const known = piCache.get(bits);
  if (known !== undefined) return known;
  const work = BigInt(bits + 16);
  const arctanInverse = (n: bigint): bigint => {
    let term = (1n << work) / n;
    let sum = term;
    for (let k = 3n, sign = -1n; term !== 0n; k += 2n, sign = -sign) {
      term /= n * n;
      sum += (sign * term) / k;
    }
    return sum;
  };
  const value = (4n * (4n * arctanInverse(5n) - arctanInverse(239n))) >> 16n;
  if (piCache.size > 64) piCache.clear();
  piCache.set(bits, value);
  return value;
}

function widen(value: bigint, from: number, { bits }: Precision): Interval {
  const rounded = value >> BigInt(from - bits);
  return { lo: rounded - 2n, hi: rounded + 3n };
}

/** The values of an increasing function over an interval. */
function overEnds({ lo, hi }: Interval, at: (x: bigint) => Interval): Interval {
  const low = at(lo);
  return lo === hi ? low : { lo: low.lo, hi: at(hi).hi };
}

/** Counts the cost of a series with so many binary places. */
function charge({ meter }: Precision, bits: number): void {
  meter.spend(5_000 + bits * (bits / 8));
}

export function pi(precision: Precision): Interval {
  charge(precision, precision.bits);
  return widen(piFixed(precision.bits + GUARD), precision.bits + GUARD, precision);
}

/** √[k]{a} for a ≥ 0. */
export function root(a: Interval, k: number, { bits, meter }: Precision): Interval {
  const shift = BigInt(bits * (k - 1));
  const lo = integerRoot((a.lo < 0n ? 0n : a.lo) << shift, k, meter);
  const hi = integerRoot(a.hi << shift, k, meter);
  return { lo, hi: hi ** BigInt(k) === a.hi << shift ? hi : hi + 1n };
}

/** e^x, increasing, so that the bounds map to bounds. */
export function exp(a: Interval, precision: Precision): Interval {
  const size = magnitude(a) >> BigInt(precision.bits);
  if (size > 2_000n) throw new Undecided("an exponential is out of range");
  return overEnds(a, (x) => expPoint(x, precision, Number(size)));
}

function expPoint(x: bigint, precision: Precision, size: number): Interval {
  const halvings = Math.ceil(Math.sqrt(precision.bits)) + bitLength(BigInt(size)) + 1;
  const work = precision.bits + GUARD + 3 * size + 2 * halvings;
  charge(precision, work);
  const one = 1n << BigInt(work);
  // x / 2^halvings, so that the series is short; then squared as often.
  const reduced = (x << BigInt(work - precision.bits)) >> BigInt(halvings);
  let term = one;
  let sum = one;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = (term * reduced) / (k << BigInt(work));
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum = (sum * sum) >> BigInt(work);
  const { lo, hi } = widen(sum, work, precision);
  return { lo: lo < 0n ? 0n : lo, hi };
}

/** ln x for x > 0: ln m + k ln 2 with m near 1, by the series of artanh. */
export function ln(a: Interval, precision: Precision): Interval {
  return overEnds(a, (x) => lnPoint(x, precision));
}

function lnPoint(x: bigint, precision: Precision): Interval {
  charge(precision, precision.bits);
  charge(precision, precision.bits);
  const work = precision.bits + GUARD;
  const places = BigInt(work);
  const one = 1n << places;
  const exponent = bitLength(x) - precision.bits;
  const shift = work - precision.bits - exponent;
  let mantissa = shift >= 0 ? x << BigInt(shift) : x >> BigInt(-shift); // in [1/2, 1)
  const roots = Math.ceil(Math.sqrt(precision.bits) / 3);
  for (let i = 0; i < roots; i++) mantissa = integerRoot(mantissa << places, 2, precision.meter);
  const halfOfLn2 = artanh(one / 3n, work);
  const value = (artanh(((mantissa - one) << places) / (mantissa + one), work) << BigInt(roots + 1)) + BigInt(exponent) * 2n * halfOfLn2;
  // Each root loses a unit, which the doublings bring back.
  const rounded = value >> BigInt(GUARD);
  const slack = (1n << BigInt(Math.max(0, roots + 12 - GUARD))) + 2n;
  return { lo: rounded - slack, hi: rounded + slack };
}

function artanh(x: bigint, work: number): bigint {
  const places = BigInt(work);
  const square = (x * x) >> places;
  let power = x;
  let sum = x;
  for (let k = 3n; ; k += 2n) {
    power = (power * square) / (1n << places);
    if (power === 0n) return sum;
    sum += power / k;
  }
}

/** arctan x, increasing. */
export function arctan(a: Interval, precision: Precision): Interval {
  return overEnds(a, (x) => arctanPoint(x, precision));
}

function arctanPoint(x: bigint, precision: Precision): Interval {
  const halvings = Math.ceil(Math.sqrt(precision.bits) / 3);
  const work = precision.bits + GUARD + 2 * halvings + Math.max(0, bitLength(x) - precision.bits);
  charge(precision, work);
  charge(precision, work);
  const places = BigInt(work);
  const one = 1n << places;
  let value = x << BigInt(work - precision.bits);
  for (let i = 0; i < halvings; i++) value = (value << places) / (one + integerRoot((one << places) + value * value, 2, precision.meter));
  const square = (value * value) >> places;
  let power = value;
  let sum = value;
  for (let k = 3n, sign = -1n; power !== 0n; k += 2n, sign = -sign) {
    power = (power * square) / one;
    sum += (sign * power) / k;
  }
  return widen(sum << BigInt(halvings), work, precision);
}

/** sin and cos of the middle, widened by the radius: neither changes faster than its argument. */
export function sinCos(a: Interval, precision: Precision): { readonly sin: Interval; readonly cos: Interval } {
  const middle = (a.lo + a.hi) >> 1n;
  const radius = a.hi - middle + 1n;
  const halvings = Math.ceil(Math.sqrt(precision.bits));
  const size = Math.max(0, bitLength(middle) - precision.bits);
  if (size > 2_000) throw new Undecided("the argument of a trigonometric function is too large");
  const work = precision.bits + GUARD + 3 * halvings;
  charge(precision, work + size);
  const places = BigInt(work);
  const fullTurn = 2n * piFixed(work + size + 8);
  const wide = (middle << BigInt(work + size + 8 - precision.bits)) % fullTurn;
  const reduced = wide >> BigInt(size + 8 + halvings);
  const square = (reduced * reduced) >> places;
  const one = 1n << places;
  // 1 − cos, which stays exact near 0 while the angle is doubled: v → 2v(2 − v), and sin from the series.
  let versine = 0n;
  let term = -one;
  for (let k = 1n; term !== 0n; k += 2n) {
    term = (-term * square) / ((k * (k + 1n)) << places);
    versine += term;
  }
  let sine = 0n;
  term = reduced;
  for (let k = 2n; term !== 0n; k += 2n) {
    sine += term;
    term = (-term * square) / ((k * (k + 1n)) << places);
  }
  for (let i = 0; i < halvings; i++) {
    sine = (2n * sine * (one - versine)) >> places;
    versine = (2n * versine * (2n * one - versine)) >> places;
  }
  const spread = ({ lo, hi }: Interval): Interval => ({ lo: lo - radius, hi: hi + radius });
  return { sin: spread(widen(sine, work, precision)), cos: spread(widen(one - versine, work, precision)) };
}

export function isPositive(a: Interval): boolean {
  return a.lo > 0n;
}

export function isNegative(a: Interval): boolean {
  return a.hi < 0n;
}
