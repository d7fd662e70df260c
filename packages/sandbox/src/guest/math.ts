import { digits, gcd, lcm, powmod } from "./math-integer.js";
import { divisors, factor, isPrime, primes } from "./math-primes.js";
import { comb, factorial, perm, product, range, sum } from "./math-sequences.js";

const FUNCTIONS = { gcd, lcm, powmod, isPrime, primes, factor, divisors, digits, range, sum, product, comb, perm, factorial };

/** Puts the "math" prelude into the world. The functions are frozen; their names may be declared anew. */
export function installMath(world: object, define: (world: object, name: string, value: unknown) => void): void {
  for (const [name, value] of Object.entries(FUNCTIONS)) define(world, name, Object.freeze(value));
}
