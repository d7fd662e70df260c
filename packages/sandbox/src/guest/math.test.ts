import { expect, test } from "vitest";
import { digits, gcd, lcm, powmod } from "./math-integer.js";
import { divisors, factor, isPrime, primes } from "./math-primes.js";
import { comb, factorial, perm, product, range, sum } from "./math-sequences.js";

const upTo = (n: number): number[] => Array.from({ length: n + 1 }, (_, i) => i);
const divides =
  (d: number) =>
  (n: number): boolean =>
    n % d === 0;
const isPrimeByTrial = (n: number): boolean =>
  n > 1 &&
  !upTo(n)
    .slice(2, n)
    .some((d) => divides(d)(n));

test("gcd and lcm agree with the search through all candidates", () => {
  for (const a of range(1, 24)) {
    for (const b of range(1, 24)) {
      const common = upTo(24)
        .slice(1)
        .filter((d) => a % d === 0 && b % d === 0);
      expect(gcd(a, b)).toBe(Math.max(...common));
      expect(lcm(a, b)).toBe(
        upTo(a * b)
          .slice(1)
          .find((m) => m % a === 0 && m % b === 0),
      );
    }
  }
  expect([gcd(), lcm(), gcd(0, -6), gcd(12, 18, 27), lcm(4, 6, 10), lcm(0, 5)]).toEqual([0, 1, 6, 3, 60, 0]);
  expect(gcd(12n, 18)).toBe(6n);
});

test("powmod agrees with repeated multiplication", () => {
  for (const base of range(-5, 12)) {
    for (const modulus of range(1, 13)) {
      let power = 1;
      for (const exponent of range(0, 8)) {
        expect(powmod(base, exponent, modulus)).toBe(((power % modulus) + modulus) % modulus);
        power *= base;
      }
    }
  }
  expect(powmod(2, 1_000_000, 1_000_000_007)).toBe(235042059);
  expect(powmod(3n, 200n, 13n)).toBe(9n);
  expect(powmod(3, -1, 7)).toBe(5); // 3 · 5 = 15 = 1 mod 7
  expect(() => powmod(2, -1, 4)).toThrow("no inverse");
});

test("isPrime and primes agree with trial division", () => {
  const expected = upTo(2000).filter(isPrimeByTrial);
  expect(upTo(2000).filter((n) => isPrime(n))).toEqual(expected);
  expect(primes(0, 2000)).toEqual(expected);
  for (const [lo, hi] of [
    [2, 2],
    [3, 3],
    [4, 4],
    [7, 11],
    [24, 28],
    [90, 1000],
    [-5, 10],
    [10, 5],
  ] as const) {
    expect(primes(lo, hi)).toEqual(expected.filter((p) => p >= lo && p <= hi));
  }
  expect(primes(1_000_000_000, 1_000_000_100)).toEqual(range(1_000_000_000, 1_000_000_100).filter((n) => isPrime(n)));
});

test("isPrime is right for large primes, Carmichael numbers and strong pseudoprimes", () => {
  const prime = [1_000_000_007, 999_983n, 2n ** 61n - 1n, 18446744073709551557n, 2n ** 89n - 1n];
  const composite = [561, 1_373_653, 25_326_001, 3_215_031_751, 3825123056546413051n, 318665857834031151167461n, 1_000_003n * 1_000_033n];
  expect(prime.map(isPrime)).toEqual(prime.map(() => true));
  expect(composite.map(isPrime)).toEqual(composite.map(() => false));
});

test("factor multiplies back and divisors are all the divisors", () => {
  for (const n of range(1, 600)) {
    const parts = factor(n);
    expect(parts.reduce((value, [p, k]) => value * Number(p) ** k, 1)).toBe(n);
    expect(parts.every(([p]) => isPrimeByTrial(Number(p)))).toBe(true);
    expect(parts.map(([p]) => p)).toEqual(parts.map(([p]) => Number(p)).sort((a, b) => a - b));
    expect(divisors(n)).toEqual(range(1, n).filter((d) => n % d === 0));
  }
  expect(factor(360)).toEqual([
    [2, 3],
    [3, 2],
    [5, 1],
  ]);
  expect(factor(1_000_003n * 1_000_003n)).toEqual([[1_000_003n, 2]]);
  expect(factor(600851475143)).toEqual([
    [71, 1],
    [839, 1],
    [1471, 1],
    [6857, 1],
  ]);
  expect(factor(2n ** 67n - 1n)).toEqual([
    [193707721n, 1],
    [761838257287n, 1],
  ]);
});

test("digits are those of the decimal text", () => {
  for (const n of [0, 7, 10, 90210, -35, 2n ** 70n]) {
    expect(digits(n)).toEqual([...String(n).replace("-", "")].map(Number));
  }
});

test("range includes its end", () => {
  expect(range(1, 5)).toEqual([1, 2, 3, 4, 5]);
  expect(range(10, 1, -4)).toEqual([10, 6, 2]);
  expect(range(0, 0.3, 0.1)).toHaveLength(4);
  expect(range(5, 1)).toEqual([]);
  expect(range(1n, 3n)).toEqual([1n, 2n, 3n]);
  expect(() => range(1, 2, 0)).toThrow("step");
  expect(() => range(0, 1e12)).toThrow("more than");
});

test("sum and product are exact and take a list or arguments", () => {
  expect([sum([1, 2, 3]), sum(1, 2, 3), sum(), sum([]), sum(new Set([4, 5]))]).toEqual([6, 6, 0, 0, 9]);
  expect([product([2, 3, 4]), product(2, 3), product()]).toEqual([24, 6, 1]);
  expect(sum([0.5, 0.25])).toBe(0.75);
  expect(sum([1n, 2])).toBe(3n);
  expect(sum([2 ** 53 - 1, 2, -2])).toBe(2 ** 53 - 1);
  expect(sum([2 ** 53 - 1, 2])).toBe(9007199254740993n);
  expect(product(range(1, 25))).toBe(15511210043330985984000000n);
  expect(() => sum(["1"] as never)).toThrow("expected numbers");
});

test("comb, perm and factorial agree with Pascal's triangle and counting down", () => {
  let row = [1];
  for (const n of range(0, 20)) {
    for (const k of range(0, n)) {
      expect(comb(n, k)).toBe(row[k]);
      expect(perm(n, k)).toBe(product(range(n - k + 1, n)));
    }
    expect([comb(n, n + 1), perm(n, n + 1)]).toEqual([0, 0]);
    row = [1, ...row.slice(1).map((value, i) => value + row[i]!), 1];
  }
  expect(range(0, 18).map((n) => factorial(n))).toEqual(range(0, 18).map((n) => product(range(1, n))));
  expect(factorial(20n)).toBe(2432902008176640000n);
  expect(factorial(25)).toBe(15511210043330985984000000n);
  expect(comb(1000, 3)).toBe(166167000);
  expect(() => comb(-1, 2)).toThrow("at least 0");
  expect(() => isPrime(2.5)).toThrow("whole number");
});
