import { answer, powerOf, whole, wholeFrom, type Whole } from "./math-integer.js";

/** Bases that make Miller-Rabin exact below 3.3·10²⁴ (Sorenson and Webster, https://arxiv.org/abs/1509.00864). */
const WITNESSES = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n];

/** Numbers below this are tested by trial division on Numbers, which is faster than BigInt. */
const TRIAL_LIMIT = 1_000_000;

/** Widest interval {@link primes} sieves. */
const MAX_SIEVE = 50_000_000;

/** Tells whether `n` is prime: exact below 3.3·10²⁴, a strong probable prime to 13 bases above. */
export function isPrime(n: Whole): boolean {
  const value = whole("isPrime", n);
  return value < BigInt(TRIAL_LIMIT) ? isSmallPrime(Number(value)) : isLargePrime(value);
}

function isSmallPrime(n: number): boolean {
  if (n < 4) return n > 1;
  if (n % 2 === 0 || n % 3 === 0) return false;
  for (let d = 5; d * d <= n; d += 6) if (n % d === 0 || n % (d + 2) === 0) return false;
  return true;
}

function isLargePrime(n: bigint): boolean {
  for (const p of WITNESSES) if (n % p === 0n) return n === p;
  let odd = n - 1n;
  let twos = 0;
  for (; (odd & 1n) === 0n; odd >>= 1n) twos++;
  return WITNESSES.every((base) => passes(powerOf(base, odd, n), twos, n));
}

function passes(start: bigint, twos: number, n: bigint): boolean {
  let power = start;
  if (power === 1n || power === n - 1n) return true;
  for (let i = 1; i < twos; i++) {
    power = (power * power) % n;
    if (power === n - 1n) return true;
  }
  return false;
}

/** The primes p with lo ≤ p ≤ hi, ascending, by a segmented sieve. */
export function primes(lo: Whole, hi: Whole): number[] {
  const from = Math.max(2, Number(whole("primes", lo)));
  const to = Number(whole("primes", hi));
  if (to < from) return [];
  if (to > Number.MAX_SAFE_INTEGER || to - from > MAX_SIEVE) throw new RangeError(`primes: the interval is wider than ${MAX_SIEVE}`);
  const root = Math.floor(Math.sqrt(to));
  if (root > MAX_SIEVE) throw new RangeError(`primes: expected at most ${MAX_SIEVE ** 2}, got ${to}`);
  const base = from <= root ? sieve(0, Math.max(to, root), []) : sieve(from, to, sieve(0, root, []));
  return from <= root ? base.filter((p) => p >= from) : base;
}

/** Primes in [from, to]; with no `small` primes given, from must be 0 and the sieve finds its own. */
function sieve(from: number, to: number, small: readonly number[]): number[] {
  const composite = new Uint8Array(to - from + 1);
  const strike = (p: number): void => {
    for (let m = Math.max(p * p, Math.ceil(from / p) * p); m <= to; m += p) composite[m - from] = 1;
  };
  for (const p of small) strike(p);
  const found: number[] = [];
  for (let n = Math.max(2, from); n <= to; n++) {
    if (composite[n - from]) continue;
    found.push(n);
    if (from === 0 && n * n <= to) strike(n);
  }
  return found;
}

/** Prime factorisation of n ≥ 1 as `[[p, k], …]` with ascending p; `factor(1)` is `[]`. */
export function factor(n: Whole): [Whole, number][] {
  const found: bigint[] = [];
  split(wholeFrom("factor", n, 1n), found);
  found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const result: [Whole, number][] = [];
  for (const p of found) {
    const last = result.at(-1);
    if (last !== undefined && BigInt(last[0]) === p) last[1]++;
    else result.push([answer(p, n), 1]);
  }
  return result;
}

function split(n: bigint, found: bigint[]): void {
  let rest = n;
  for (let p = 2; p < 1000 && rest > 1n; p += p === 2 ? 1 : 2) {
    while (rest % BigInt(p) === 0n) {
      found.push(BigInt(p));
      rest /= BigInt(p);
    }
  }
  const parts = rest > 1n ? [rest] : [];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (isPrime(part)) {
      found.push(part);
      continue;
    }
    const divisor = properDivisor(part);
    parts.push(divisor, part / divisor);
  }
}

/** A divisor of a composite odd number, by Pollard's rho in Brent's form with the products of 64 differences. */
function properDivisor(n: bigint): bigint {
  for (let c = 1n; ; c++) {
    const divisor = rho(n, c);
    if (divisor !== n) return divisor;
  }
}

function rho(n: bigint, c: bigint): bigint {
  const step = (x: bigint): bigint => (x * x + c) % n;
  let [slow, fast, saved] = [2n, 2n, 2n];
  for (let length = 1; ; length *= 2) {
    slow = fast;
    for (let done = 0; done < length; done += 64) {
      saved = fast;
      let product = 1n;
      const batch = Math.min(64, length - done);
      for (let i = 0; i < batch; i++) {
        fast = step(fast);
        product = (product * distance(slow, fast)) % n;
      }
      if (common(product, n) === 1n) continue;
      for (;;) {
        saved = step(saved);
        const divisor = common(distance(slow, saved), n);
        if (divisor !== 1n) return divisor;
      }
    }
  }
}

function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}

function common(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** All divisors of n ≥ 1, ascending. */
export function divisors(n: Whole): Whole[] {
  let found = [1n];
  for (const [p, k] of factor(n)) {
    const powers = Array.from({ length: k + 1 }, (_, i) => BigInt(p) ** BigInt(i));
    found = found.flatMap((d) => powers.map((power) => d * power));
  }
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).map((d) => answer(d, n));
}
