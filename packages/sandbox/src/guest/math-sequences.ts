import { answer, wholeFrom, type Whole } from "./math-integer.js";

/** Longest list {@link range} makes. */
const MAX_RANGE = 10_000_000;

/** Largest argument of {@link factorial}, {@link comb} (its k) and {@link perm} (its k). */
const MAX_FACTORS = 100_000n;

/** The numbers lo, lo + step, … up to hi, with hi INCLUDED when it is reached. */
export function range(lo: number, hi: number, step?: number): number[];
export function range(lo: bigint, hi: bigint, step?: bigint): bigint[];
export function range(lo: Whole, hi: Whole, step?: Whole): Whole[] {
  if (typeof lo === "bigint" || typeof hi === "bigint") {
    return numberRange(Number(lo), Number(hi), Number(step ?? 1)).map((value) => BigInt(value));
  }
  return numberRange(lo, hi, Number(step ?? 1));
}

function numberRange(lo: number, hi: number, step: number): number[] {
  if (!Number.isFinite(lo) || !Number.isFinite(hi) || !Number.isFinite(step)) throw new TypeError("range: expected finite numbers");
  if (step === 0) throw new RangeError("range: the step must not be 0");
  const count = Math.floor((hi - lo) / step + 1e-9) + 1;
  if (count > MAX_RANGE) throw new RangeError(`range: more than ${MAX_RANGE} numbers`);
  return Array.from({ length: Math.max(0, count) }, (_, i) => lo + i * step);
}

type Terms = readonly Whole[];

function termsOf(args: readonly (Whole | Iterable<Whole>)[]): Terms {
  const [first] = args;
  const terms = args.length === 1 && typeof first === "object" ? [...first] : (args as Terms);
  for (const term of terms) {
    if (typeof term !== "number" && typeof term !== "bigint")
      throw new TypeError(`expected numbers, got ${term === null ? "null" : typeof term}`);
  }
  return terms;
}

interface Operation {
  readonly start: 0 | 1;
  ofNumbers(a: number, b: number): number;
  ofBigInts(a: bigint, b: bigint): bigint;
}

const ADDITION: Operation = { start: 0, ofNumbers: (a, b) => a + b, ofBigInts: (a, b) => a + b };
const MULTIPLICATION: Operation = { start: 1, ofNumbers: (a, b) => a * b, ofBigInts: (a, b) => a * b };

/** Exact for whole numbers; ordinary floating point as soon as one term has a fraction. */
function fold(args: readonly (Whole | Iterable<Whole>)[], { start, ofNumbers, ofBigInts }: Operation): Whole {
  const terms = termsOf(args);
  const isFloat = terms.some((term) => typeof term === "number" && !Number.isInteger(term));
  if (isFloat) return terms.reduce<number>((total, term) => ofNumbers(total, Number(term)), start);
  let total: number = start;
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i]!;
    const next = typeof term === "number" ? ofNumbers(total, term) : NaN;
    if (!Number.isSafeInteger(next)) {
      const rest = terms.slice(i).reduce<bigint>((value, factor) => ofBigInts(value, BigInt(factor)), BigInt(total));
      return answer(rest, ...terms);
    }
    total = next;
  }
  return total;
}

/** Sum of an array, of an iterable, or of the arguments; the empty sum is 0. */
export function sum(...values: (Whole | Iterable<Whole>)[]): Whole {
  return fold(values, ADDITION);
}

/** Product of an array, of an iterable, or of the arguments; the empty product is 1. */
export function product(...values: (Whole | Iterable<Whole>)[]): Whole {
  return fold(values, MULTIPLICATION);
}

/** Ways to choose k of n things, order ignored; 0 when k > n. */
export function comb(n: Whole, k: Whole): Whole {
  const all = wholeFrom("comb", n, 0n);
  const chosen = wholeFrom("comb", k, 0n);
  if (chosen > all) return answer(0n, n, k);
  const count = bounded("comb", chosen < all - chosen ? chosen : all - chosen);
  let result = 1n;
  for (let i = 1n; i <= count; i++) result = (result * (all - count + i)) / i;
  return answer(result, n, k);
}

/** Ways to choose k of n things in order; 0 when k > n; `perm(n)` is n!. */
export function perm(n: Whole, k: Whole = n): Whole {
  const all = wholeFrom("perm", n, 0n);
  const chosen = wholeFrom("perm", k, 0n);
  return answer(chosen > all ? 0n : between(all - bounded("perm", chosen) + 1n, all), n, k);
}

/** n! for 0 ≤ n ≤ 100 000. */
export function factorial(n: Whole): Whole {
  return answer(between(1n, bounded("factorial", wholeFrom("factorial", n, 0n))), n);
}

function bounded(name: string, value: bigint): bigint {
  if (value > MAX_FACTORS) throw new RangeError(`${name}: expected at most ${MAX_FACTORS}, got ${value}`);
  return value;
}

/** from · (from + 1) · … · to, by halves so that the factors stay of like size. */
function between(from: bigint, to: bigint): bigint {
  if (from > to) return 1n;
  if (to - from < 8n) {
    let result = from;
    for (let factor = from + 1n; factor <= to; factor++) result *= factor;
    return result;
  }
  const middle = (from + to) / 2n;
  return between(from, middle) * between(middle + 1n, to);
}
