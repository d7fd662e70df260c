import { createContext, Script } from "node:vm";

/** The sandbox's global functions, for running snippets in a plain realm. */
const prelude = new Script(`
  const gcd = (...values) => values.reduce((a, b) => (b === 0 ? a : gcd(b, a % b)));
  const lcm = (...v) => v.reduce((a, b) => (a / gcd(a, b)) * b);
  const powmod = (base, exponent, modulus) => {
    let result = 1n;
    for (let i = 0; i < exponent; i++) result = (result * BigInt(base)) % BigInt(modulus);
    return Number(result);
  };
  const isPrime = (n) => {
    for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
    return n > 1;
  };
  const range = (lo, hi, step = 1) => {
    const values = [];
    for (let i = lo; i <= hi; i += step) values.push(i);
    return values;
  };
  const primes = (lo, hi) => range(lo, hi).filter((n) => isPrime(n));
  const divisors = (n) => {
    const small = range(1, Math.floor(Math.sqrt(n))).filter((d) => n % d === 0);
    return [...new Set([...small, ...small.map((d) => n / d).reverse()])];
  };
  const digits = (n) => [...String(n)].map(Number);
  const sum = (a) => a.reduce((s, x) => s + x, 0);
  const product = (a) => a.reduce((s, x) => s * x, 1);
`);
const realm = createContext({});
prelude.runInContext(realm);

/** The completion value of a snippet as text; throws what the snippet throws. */
export function runSnippet(code: string): string {
  return String(new Script(code).runInContext(realm));
}
