/** Functions of the sandbox's "math" prelude. */
const HELPERS = "gcd lcm powmod isPrime primes factor divisors digits range sum product comb perm factorial".split(" ");

const CALL = new RegExp(`(?<![\\w.$])(?:${HELPERS.join("|")})\\s*\\(`);

/** Whether code calls a function that the sandbox provides beyond the language, judged by its text. */
export function callsHelper(code: string): boolean {
  return CALL.test(code);
}
