import { LIMITS, type Meter, NoValue, Undecided } from "./budget.js";
import * as rational from "./rational.js";
import type { Rational } from "./rational.js";
import { hasValue, type Node } from "./tree.js";

/** The rational value of a node; undefined if it is not rational, or not known to be without deeper work. */
export function exactValue(node: Node, meter: Meter): Rational | undefined {
  meter.spend(200);
  if (!hasValue(node)) return undefined;
  switch (node.kind) {
    case "number":
      return node.value;
    case "add":
      return fold(node.args, rational.ZERO, rational.add, meter);
    case "multiply":
      return fold(node.args, rational.ONE, rational.multiply, meter);
    case "negate": {
      const value = exactValue(node.arg, meter);
      return value && rational.negate(value);
    }
    case "percent": {
      const value = exactValue(node.arg, meter);
      return value && rational.divide(value, rational.integer(100), meter);
    }
    case "divide": {
      const above = exactValue(node.args[0], meter);
      const below = exactValue(node.args[1], meter);
      return above && below && rational.divide(above, below, meter);
    }
    case "power":
      return exactPower(node.args[0], node.args[1], meter);
    case "call":
      return exactCall(node.name, node.args, meter);
    case "symbol":
    case "constant":
    case "degrees":
      return undefined;
  }
}

function fold(
  args: readonly Node[],
  start: Rational,
  combine: (a: Rational, b: Rational, meter: Meter) => Rational,
  meter: Meter,
): Rational | undefined {
  let result = start;
  for (const arg of args) {
    const value = exactValue(arg, meter);
    if (value === undefined) return undefined;
    result = combine(result, value, meter);
  }
  return result;
}

function exactPower(baseNode: Node, exponentNode: Node, meter: Meter): Rational | undefined {
  const exponent = exactValue(exponentNode, meter);
  if (exponent === undefined) return undefined;
  const base = exactValue(baseNode, meter);
  if (base === undefined) return undefined;
  if (base.n === 0n && exponent.n === 0n) throw new NoValue("0 to the power of 0");
  if (exponent.d === 1n) return rational.power(base, exponent.n, meter);
  if (base.n < 0n || exponent.d > 64n) return undefined;
  const root = rational.exactRoot(base, Number(exponent.d), meter);
  return root && rational.power(root, exponent.n, meter);
}

function exactCall(name: string, nodes: readonly Node[], meter: Meter): Rational | undefined {
  if (name === "mod") return exactModulo(nodes[0]!, nodes[1]!, meter);
  const args: Rational[] = [];
  for (const node of nodes) {
    const value = exactValue(node, meter);
    if (value === undefined) return undefined;
    args.push(value);
  }
  const [first, second] = args as [Rational, Rational];
  switch (name) {
    case "root": {
      if (second.d !== 1n || second.n < 1n || second.n > 64n || first.n < 0n) return undefined;
      return rational.exactRoot(first, Number(second.n), meter);
    }
    case "abs":
      return first.n < 0n ? rational.negate(first) : first;
    case "floor":
      return rational.integer(floorOf(first));
    case "ceil":
      return rational.integer(-floorOf(rational.negate(first)));
    case "factorial":
      return first.d === 1n && first.n >= 0n ? rational.integer(factorial(first.n, meter)) : noValue("the factorial of no whole number");
    case "binomial":
      return first.d === 1n && second.d === 1n && first.n >= 0n
        ? rational.integer(binomial(first.n, second.n, meter))
        : noValue("binomial");
    case "gcd":
    case "lcm":
      return args.every(({ d }) => d === 1n) ? commonDivisorOrMultiple(name, args, meter) : noValue(`${name} of fractions`);
    case "min":
    case "max":
      return args.reduce((a, b) => (a.n * b.d < b.n * a.d === (name === "min") ? a : b));
    case "log":
      return exactLogarithm(first, second, meter);
    default:
      return undefined;
  }
}

function noValue(what: string): never {
  throw new NoValue(`${what} has no value`);
}

function floorOf({ n, d }: Rational): bigint {
  const quotient = n / d;
  return n < 0n && quotient * d !== n ? quotient - 1n : quotient;
}

function factorial(n: bigint, meter: Meter): bigint {
  if (n > 4_000n) throw new Undecided("the factorial is too large");
  let result = 1n;
  for (let k = 2n; k <= n; k++) {
    meter.spend(600);
    result *= k;
  }
  return result;
}

function binomial(n: bigint, k: bigint, meter: Meter): bigint {
  if (k < 0n || k > n) return 0n;
  const steps = k < n - k ? k : n - k;
  if (steps > 3_000n || rational.bitLength(n) * Number(steps) > LIMITS.bits * 4)
    throw new Undecided("the binomial coefficient is too large");
  let result = 1n;
  for (let i = 1n; i <= steps; i++) {
    meter.spend(400);
    result = (result * (n - steps + i)) / i;
  }
  return result;
}

function commonDivisorOrMultiple(name: "gcd" | "lcm", args: readonly Rational[], meter: Meter): Rational {
  return args.reduce((a, b) => {
    if (b.n === 0n) return name === "gcd" ? a : b;
    const { d } = rational.fraction(a.n, b.n, meter);
    const divisor = b.n / d < 0n ? -(b.n / d) : b.n / d;
    return rational.integer(name === "gcd" ? divisor : divisor === 0n ? 0n : (a.n * b.n) / divisor);
  });
}

/** log_b a for a = b^k with a small rational k, else undefined. */
function exactLogarithm(a: Rational, base: Rational, meter: Meter): Rational | undefined {
  if (a.n <= 0n || base.n <= 0n) return undefined;
  if (base.n === base.d) throw new NoValue("a logarithm to base 1");
  const estimate = Math.log(Number(a.n) / Number(a.d)) / Math.log(Number(base.n) / Number(base.d));
  if (!Number.isFinite(estimate)) return undefined;
  for (const divisor of [1, 2, 3, 4, 5, 6]) {
    const above = Math.round(estimate * divisor);
    if (Math.abs(above / divisor - estimate) > 1e-9 || Math.abs(above) > 2_000) continue;
    const left = rational.power(a, BigInt(divisor), meter);
    if (rational.isEqual(left, rational.power(base, BigInt(above), meter))) return rational.fraction(BigInt(above), BigInt(divisor), meter);
  }
  return undefined;
}

/** a mod m without the powers in a. */
function exactModulo(node: Node, modulusNode: Node, meter: Meter): Rational | undefined {
  const modulus = exactValue(modulusNode, meter);
  if (modulus === undefined || modulus.d !== 1n) return undefined;
  if (modulus.n <= 0n) throw new NoValue("modulus below 1");
  const residue = residueOf(node, modulus.n, meter);
  return residue === undefined ? undefined : rational.integer(residue);
}

/** An integer expression modulo m; undefined if it is none. */
function residueOf(node: Node, modulus: bigint, meter: Meter): bigint | undefined {
  if (node.kind === "power") {
    const exponent = exactValue(node.args[1], meter);
    const base = residueOf(node.args[0], modulus, meter);
    if (base === undefined || exponent === undefined || exponent.d !== 1n || exponent.n < 0n) return undefined;
    return powerModulo(base, exponent.n, modulus, meter);
  }
  if (node.kind === "add" || node.kind === "multiply") {
    let result = node.kind === "add" ? 0n : 1n;
    for (const arg of node.args) {
      const value = residueOf(arg, modulus, meter);
      if (value === undefined) return undefined;
      result = positive(node.kind === "add" ? result + value : result * value, modulus);
    }
    return result;
  }
  if (node.kind === "negate") {
    const value = residueOf(node.arg, modulus, meter);
    return value === undefined ? undefined : positive(-value, modulus);
  }
  const value = exactValue(node, meter);
  return value?.d === 1n ? positive(value.n, modulus) : undefined;
}

export function positive(n: bigint, modulus: bigint): bigint {
  const rest = n % modulus;
  return rest < 0n ? rest + modulus : rest;
}

export function powerModulo(base: bigint, exponent: bigint, modulus: bigint, meter: Meter): bigint {
  meter.spend(rational.bitLength(exponent) * (300 + rational.bitLength(modulus)));
  let result = 1n % modulus;
  let square = positive(base, modulus);
  for (const bit of exponent.toString(2).split("").reverse()) {
    if (bit === "1") result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
