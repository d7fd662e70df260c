import { type Meter, NoValue, Undecided } from "./budget.js";
import { exactValue, positive, powerModulo } from "./exact.js";
import { childrenOf, hasValue, type Node } from "./tree.js";

/** Primes just below 2⁶¹; the first is the Mersenne prime. */
export const PRIMES = [2n ** 61n - 1n, 2n ** 61n - 31n] as const;

/** Checks whether a node is made of rational numbers and variables by + − × ÷ and integer powers. */
export function isRationalFunction(node: Node, meter: Meter): boolean {
  meter.spend(50);
  if (!hasValue(node)) return false;
  switch (node.kind) {
    case "number":
    case "symbol":
      return true;
    case "power": {
      const exponent = integerExponent(node.args[1], meter);
      return exponent !== undefined && isRationalFunction(node.args[0], meter);
    }
    case "add":
    case "multiply":
    case "divide":
    case "negate":
    case "percent":
      return childrenOf(node).every((child) => isRationalFunction(child, meter));
    case "call": {
      return exactOrUndefined(node, meter) !== undefined;
    }
    case "constant":
    case "degrees":
      return false;
  }
}

function integerExponent(node: Node, meter: Meter): bigint | undefined {
  const value = exactOrUndefined(node, meter);
  return value?.d === 1n ? value.n : undefined;
}

function exactOrUndefined(node: Node, meter: Meter) {
  try {
    return exactValue(node, meter);
  } catch (error) {
    if (error instanceof Undecided || error instanceof NoValue) return undefined;
    throw error;
  }
}

/** The value of a rational function modulo a prime, at a point; throws NoValue at a pole. */
export function valueModulo(node: Node, prime: bigint, point: ReadonlyMap<string, bigint>, meter: Meter): bigint {
  meter.spend(150);
  if (!hasValue(node)) throw new Undecided(`a ${node.kind} has no value modulo a prime`);
  const value = (child: Node) => valueModulo(child, prime, point, meter);
  switch (node.kind) {
    case "number":
      return (positive(node.value.n, prime) * inverse(node.value.d, prime, meter)) % prime;
    case "symbol":
      return positive(point.get(node.name) ?? 0n, prime);
    case "add":
      return node.args.reduce((sum, arg) => (sum + value(arg)) % prime, 0n);
    case "multiply":
      return node.args.reduce((product, arg) => (product * value(arg)) % prime, 1n);
    case "negate":
      return positive(-value(node.arg), prime);
    case "percent":
      return (value(node.arg) * inverse(100n, prime, meter)) % prime;
    case "divide":
      return (value(node.args[0]) * inverse(value(node.args[1]), prime, meter)) % prime;
    case "power": {
      const exponent = integerExponent(node.args[1], meter) ?? 0n;
      const base = value(node.args[0]);
      return exponent < 0n ? powerModulo(inverse(base, prime, meter), -exponent, prime, meter) : powerModulo(base, exponent, prime, meter);
    }
    case "call": {
      const exact = exactValue(node, meter);
      if (exact === undefined) throw new Undecided("a function has no rational value");
      return (positive(exact.n, prime) * inverse(exact.d, prime, meter)) % prime;
    }
    case "constant":
    case "degrees":
      throw new Undecided(`a ${node.kind} has no value modulo a prime`);
  }
}

function inverse(n: bigint, prime: bigint, meter: Meter): bigint {
  if (n === 1n) return 1n;
  const residue = positive(n, prime);
  if (residue === 0n) throw new NoValue("division by zero");
  return powerModulo(residue, prime - 2n, prime, meter);
}
