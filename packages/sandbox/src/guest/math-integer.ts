/** A whole number as model code writes it: `12` or `12n`. */
export type Whole = number | bigint;

const SAFE = 9_007_199_254_740_991n;

/** Reads an argument as a BigInt; the error names the function and the argument. */
export function whole(name: string, value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  throw new TypeError(`${name}: expected a whole number, got ${typeof value === "number" ? value : typeof value}`);
}

/** {@link whole}, and at least `least`. */
export function wholeFrom(name: string, value: unknown, least: bigint): bigint {
  const result = whole(name, value);
  if (result < least) throw new RangeError(`${name}: expected at least ${least}, got ${result}`);
  return result;
}

/** The answer's type: BigInt when an argument was BigInt or the answer is not a safe integer, else Number. */
export function answer(result: bigint, ...from: readonly unknown[]): Whole {
  for (let i = 0; i < from.length; i++) if (typeof from[i] === "bigint") return result;
  return result <= SAFE && result >= -SAFE ? Number(result) : result;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function gcdOf(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** Greatest common divisor of all arguments, never negative; `gcd()` is 0. */
export function gcd(...values: Whole[]): Whole {
  return answer(
    values.reduce<bigint>((result, value) => gcdOf(result, absolute(whole("gcd", value))), 0n),
    ...values,
  );
}

/** Least common multiple of all arguments, never negative; `lcm()` is 1. */
export function lcm(...values: Whole[]): Whole {
  const step = (result: bigint, value: Whole): bigint => {
    const next = absolute(whole("lcm", value));
    return next === 0n || result === 0n ? 0n : (result / gcdOf(result, next)) * next;
  };
  return answer(values.reduce<bigint>(step, 1n), ...values);
}

/** baseᵉˣᵖ mod `modulus`, in [0, modulus); a negative exponent uses the inverse of the base. */
export function powmod(base: Whole, exponent: Whole, modulus: Whole): Whole {
  const m = wholeFrom("powmod", modulus, 1n);
  let power = whole("powmod", exponent);
  let square = modulo(whole("powmod", base), m);
  if (power < 0n) {
    square = inverse(square, m);
    power = -power;
  }
  return answer(powerOf(square, power, m), base, exponent, modulus);
}

/** baseᵉˣᵖ mod m for base in [0, m) and a non-negative exponent, by squaring. */
export function powerOf(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n % m;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % m;
    square = (square * square) % m;
  }
  return result;
}

function modulo(value: bigint, m: bigint): bigint {
  const rest = value % m;
  return rest < 0n ? rest + m : rest;
}

function inverse(value: bigint, m: bigint): bigint {
  let [a, b, x, y] = [value, m, 1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b, x, y] = [b, a - quotient * b, y, x - quotient * y];
  }
  if (a !== 1n) throw new RangeError("powmod: the base has no inverse for this modulus");
  return modulo(x, m);
}

/** Decimal digits, most significant first; the sign is dropped. */
export function digits(value: Whole): number[] {
  return Array.from(String(absolute(whole("digits", value))), Number);
}
