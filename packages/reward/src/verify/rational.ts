import { LIMITS, type Meter, NoValue, Undecided } from "./budget.js";

/** An exact fraction in lowest terms; the denominator is positive. */
export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

export const ZERO: Rational = { n: 0n, d: 1n };
export const ONE: Rational = { n: 1n, d: 1n };

export function integer(n: bigint | number): Rational {
  return { n: BigInt(n), d: 1n };
}

export function bitLength(n: bigint): number {
  const hex = (n < 0n ? -n : n).toString(16);
  return hex === "0" ? 0 : (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0]!, 16)));
}

/** Bits of numerator and denominator together. */
export function sizeOf({ n, d }: Rational): number {
  return bitLength(n) + (d === 1n ? 0 : bitLength(d));
}

/** Reduces a fraction; throws NoValue for a denominator of 0 and Undecided above the limit of bits. */
export function fraction(n: bigint, d: bigint, meter: Meter): Rational {
  if (d === 0n) throw new NoValue("division by zero");
  if (d < 0n) [n, d] = [-n, -d];
  const bits = bitLength(n);
  if (bits > LIMITS.bits) throw new Undecided(`a number has more than ${LIMITS.bits} bits`);
  meter.spend(50 + bits);
  if (d === 1n) return { n, d };
  const divisorBits = bitLength(d);
  if (divisorBits > LIMITS.bits) throw new Undecided(`a number has more than ${LIMITS.bits} bits`);
  const smaller = Math.min(bits, divisorBits);
  meter.spend(smaller * (60 + smaller / 100));
  const divisor = gcd(n < 0n ? -n : n, d);
  return divisor === 1n ? { n, d } : { n: n / divisor, d: d / divisor };
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

export function add(a: Rational, b: Rational, meter: Meter): Rational {
  return a.d === b.d ? fraction(a.n + b.n, a.d, meter) : fraction(a.n * b.d + b.n * a.d, a.d * b.d, meter);
}

export function multiply(a: Rational, b: Rational, meter: Meter): Rational {
  return fraction(a.n * b.n, a.d * b.d, meter);
}

export function divide(a: Rational, b: Rational, meter: Meter): Rational {
  return fraction(a.n * b.d, a.d * b.n, meter);
}

export function negate({ n, d }: Rational): Rational {
  return { n: -n, d };
}

export function isEqual(a: Rational, b: Rational): boolean {
  return a.n === b.n && a.d === b.d;
}

/** a to an integer power; the size of the result is known before it is computed. */
export function power(a: Rational, exponent: bigint, meter: Meter): Rational {
  if (exponent === 0n) return ONE;
  if (a.n === 0n) {
    if (exponent < 0n) throw new NoValue("division by zero");
    return ZERO;
  }
  if (a.d === 1n && (a.n === 1n || a.n === -1n)) return a.n === 1n || exponent % 2n === 0n ? ONE : a;
  const times = exponent < 0n ? -exponent : exponent;
  const bits = Math.max(bitLength(a.n), bitLength(a.d));
  if (times > BigInt(LIMITS.bits) || (bits - 1) * Number(times) > LIMITS.bits)
    throw new Undecided(`a power has more than ${LIMITS.bits} bits`);
  meter.spend(2 * ((bits * Number(times)) / 64) ** 1.6);
  const [n, d] = [a.n ** times, a.d ** times];
  return exponent > 0n ? { n, d } : n < 0n ? { n: -d, d: -n } : { n: d, d: n };
}

/** The k-th root if it is rational, for a ≥ 0. */
export function exactRoot(a: Rational, k: number, meter: Meter): Rational | undefined {
  const n = integerRoot(a.n, k, meter);
  const d = integerRoot(a.d, k, meter);
  return n ** BigInt(k) === a.n && d ** BigInt(k) === a.d ? { n, d } : undefined;
}

/** ⌊a^(1/k)⌋ for a ≥ 0, by Newton's iteration from above. */
export function integerRoot(a: bigint, k: number, meter: Meter): bigint {
  if (a < 2n) return a;
  const bits = bitLength(a);
  if (k >= bits) return 1n;
  const order = BigInt(k);
  let root = 1n << BigInt(Math.ceil(bits / k));
  // A double gives the first 50 bits, so that few steps remain.
  const shift = Math.max(0, bits - 1_000);
  const aligned = shift - (shift % k) + (shift % k === 0 ? 0 : k);
  const estimate = Number(a >> BigInt(aligned)) ** (1 / k);
  if (Number.isFinite(estimate) && estimate >= 1)
    root = (BigInt(Math.ceil(estimate * 2 ** 40 * (1 + 2 ** -45))) << BigInt(aligned / k)) >> 40n;
  root += 1n << BigInt(Math.max(0, Math.ceil(bits / k) - 40));
  for (;;) {
    meter.spend(100 + (bits / 64) ** 1.6 * k);
    const next = ((order - 1n) * root + a / root ** (order - 1n)) / order;
    if (next >= root) return root;
    root = next;
  }
}
