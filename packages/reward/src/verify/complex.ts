import { NoValue, Undecided } from "./budget.js";
import { arctan, exp, isNegative, isPositive, ln, pi, root, sinCos } from "./elementary.js";
import * as interval from "./interval.js";
import type { Interval, Precision } from "./interval.js";

/** A rectangle in the complex plane; a real number has the imaginary part 0 exactly. */
export interface Complex {
  readonly re: Interval;
  readonly im: Interval;
}

const NOTHING: Interval = { lo: 0n, hi: 0n };

export function real(re: Interval): Complex {
  return { re, im: NOTHING };
}

export function imaginaryUnit({ bits }: Precision): Complex {
  const one = 1n << BigInt(bits);
  return { re: NOTHING, im: { lo: one, hi: one } };
}

export function isReal({ im }: Complex): boolean {
  return interval.isZero(im);
}

export function add(a: Complex, b: Complex): Complex {
  return { re: interval.add(a.re, b.re), im: interval.add(a.im, b.im) };
}

export function negate(a: Complex): Complex {
  return { re: interval.negate(a.re), im: interval.negate(a.im) };
}

export function multiply(a: Complex, b: Complex, precision: Precision): Complex {
  const times = (x: Interval, y: Interval) => interval.multiply(x, y, precision);
  return { re: interval.subtract(times(a.re, b.re), times(a.im, b.im)), im: interval.add(times(a.re, b.im), times(a.im, b.re)) };
}

export function reciprocal(a: Complex, precision: Precision): Complex {
  if (isReal(a)) return real(interval.reciprocal(a.re, precision));
  const norm = interval.add(squareOf(a.re, precision), squareOf(a.im, precision));
  const scale = interval.reciprocal(norm, precision);
  return { re: interval.multiply(a.re, scale, precision), im: interval.negate(interval.multiply(a.im, scale, precision)) };
}

/** x², never below 0. */
function squareOf(a: Interval, precision: Precision): Interval {
  const square = interval.multiply(a, a, precision);
  return interval.containsZero(a) ? { lo: 0n, hi: square.hi } : { lo: square.lo < 0n ? 0n : square.lo, hi: square.hi };
}

export function integerPower(base: Complex, exponent: bigint, precision: Precision): Complex {
  if (exponent < 0n) return reciprocal(integerPower(base, -exponent, precision), precision);
  const one = 1n << BigInt(precision.bits);
  let result = real({ lo: one, hi: one });
  let square = base;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = multiply(result, square, precision);
    if (left > 1n) square = multiply(square, square, precision);
  }
  return result;
}

export function absolute(a: Complex, precision: Precision): Complex {
  if (!isReal(a)) return real(root(interval.add(squareOf(a.re, precision), squareOf(a.im, precision)), 2, precision));
  if (a.re.lo >= 0n) return a;
  if (a.re.hi <= 0n) return negate(a);
  return real({ lo: 0n, hi: interval.magnitude(a.re) });
}

/** The principal k-th root; of a negative number the real one where k is odd. */
export function rootOf(a: Complex, k: number, precision: Precision): Complex {
  if (isReal(a)) {
    if (a.re.lo >= 0n) return real(root(a.re, k, precision));
    if (isNegative(a.re)) {
      const size = real(root(interval.negate(a.re), k, precision));
      if (k % 2 === 1) return negate(size);
      if (k === 2) return multiply(imaginaryUnit(precision), size, precision);
      throw new NoValue("an even root of a negative number");
    }
    throw new interval.Imprecise("a radicand cannot be told from zero");
  }
  if (k !== 2) throw new NoValue("a higher root of a complex number");
  return complexSquareRoot(a, precision);
}

function complexSquareRoot(a: Complex, precision: Precision): Complex {
  const size = absolute(a, precision).re;
  const half = (x: Interval): Interval => ({ lo: x.lo >> 1n, hi: (x.hi >> 1n) + 1n });
  const re = root(half(interval.add(size, a.re)), 2, precision);
  const im = root(half(interval.subtract(size, a.re)), 2, precision);
  if (isPositive(a.im)) return { re, im };
  if (isNegative(a.im)) return { re, im: interval.negate(im) };
  throw new interval.Imprecise("a root lies on its branch cut");
}

export function exponential(a: Complex, precision: Precision): Complex {
  const size = exp(a.re, precision);
  if (isReal(a)) return real(size);
  const { sin, cos } = sinCos(a.im, precision);
  return { re: interval.multiply(size, cos, precision), im: interval.multiply(size, sin, precision) };
}

/** The principal logarithm; only real numbers other than 0 have one here. */
export function logarithm(a: Complex, precision: Precision): Complex {
  if (!isReal(a)) throw new NoValue("the logarithm of a complex number");
  if (isPositive(a.re)) return real(ln(a.re, precision));
  if (isNegative(a.re)) return { re: ln(interval.negate(a.re), precision), im: pi(precision) };
  if (interval.isZero(a.re)) throw new NoValue("the logarithm of zero");
  throw new interval.Imprecise("the argument of a logarithm cannot be told from zero");
}

/** A function of a real number by its name. */
export function realFunction(name: string, a: Complex, precision: Precision): Complex {
  if (!isReal(a)) throw new NoValue(`${name} of a complex number`);
  const over = (x: Interval, y: Interval) => interval.multiply(x, interval.reciprocal(y, precision), precision);
  const one = { lo: 1n << BigInt(precision.bits), hi: 1n << BigInt(precision.bits) };
  switch (name) {
    case "sin":
      return real(sinCos(a.re, precision).sin);
    case "cos":
      return real(sinCos(a.re, precision).cos);
    case "tan":
    case "cot": {
      const { sin, cos } = sinCos(a.re, precision);
      return real(name === "tan" ? over(sin, cos) : over(cos, sin));
    }
    case "sec":
      return real(interval.reciprocal(sinCos(a.re, precision).cos, precision));
    case "csc":
      return real(interval.reciprocal(sinCos(a.re, precision).sin, precision));
    case "arctan":
      return real(arctan(a.re, precision));
    case "arccot":
      return real(interval.subtract(halfPi(precision), arctan(a.re, precision)));
    case "arcsin":
    case "arccos": {
      const sine = arcsine(a.re, one, precision);
      return real(name === "arcsin" ? sine : interval.subtract(halfPi(precision), sine));
    }
    case "sinh":
    case "cosh":
    case "tanh": {
      const up = exp(a.re, precision);
      const down = interval.reciprocal(up, precision);
      const [difference, sum] = [interval.subtract(up, down), interval.add(up, down)];
      const half = (x: Interval): Interval => ({ lo: x.lo >> 1n, hi: (x.hi >> 1n) + 1n });
      return real(name === "sinh" ? half(difference) : name === "cosh" ? half(sum) : over(difference, sum));
    }
    default:
      throw new Undecided(`the function ${name.slice(0, 20)} has no numeric value here`);
  }
}

function halfPi(precision: Precision): Interval {
  const { lo, hi } = pi(precision);
  return { lo: lo >> 1n, hi: (hi >> 1n) + 1n };
}

/** arcsin x = arctan(x / √(1 − x²)); ±π/2 at the ends. */
function arcsine(x: Interval, one: Interval, precision: Precision): Interval {
  if (x.lo === x.hi && (x.lo === one.lo || x.lo === -one.lo)) return x.lo > 0n ? halfPi(precision) : interval.negate(halfPi(precision));
  const rest = interval.subtract(one, squareOf(x, precision));
  if (isNegative(rest)) throw new NoValue("the arcsine of a number above 1");
  if (!isPositive(rest)) throw new interval.Imprecise("the argument of an arcsine cannot be told from 1");
  return arctan(interval.multiply(x, interval.reciprocal(root(rest, 2, precision), precision), precision), precision);
}
