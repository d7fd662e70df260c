/**
 * Second solvers for the tests: each reads the numbers and words of a question and uses another method than its family
 * (factorisation, sieve, BigInt powers, closed sums), all in BigInt where numbers are long.
 */
import { expect } from "vitest";

type Solver = (question: string) => string;

const numbersOf = (question: string): bigint[] => (question.match(/\d+/g) ?? []).map(BigInt);

function factorise(n: bigint): Map<bigint, number> {
  const factors = new Map<bigint, number>();
  let rest = n;
  for (let p = 2n; p * p <= rest; p++) {
    while (rest % p === 0n) {
      factors.set(p, (factors.get(p) ?? 0) + 1);
      rest /= p;
    }
  }
  if (rest > 1n) factors.set(rest, (factors.get(rest) ?? 0) + 1);
  return factors;
}

/** Product over all primes of p to the chosen one of the two exponents. */
function combineExponents(a: bigint, b: bigint, choose: (x: number, y: number) => number): bigint {
  const [left, right] = [factorise(a), factorise(b)];
  let result = 1n;
  for (const p of new Set([...left.keys(), ...right.keys()])) result *= p ** BigInt(choose(left.get(p) ?? 0, right.get(p) ?? 0));
  return result;
}

function sieve(limit: number): Uint8Array {
  const composite = new Uint8Array(limit + 1).fill(1, 0, 2);
  for (let p = 2; p <= limit; p++) for (let q = 2 * p; composite[p] === 0 && q <= limit; q += p) composite[q] = 1;
  return composite;
}

const composites = sieve(30_000);
const arithmeticSum = (n: bigint, step: bigint): bigint => (step * (n / step) * (n / step + 1n)) / 2n;

/** Affine map x → a·x + c raised to the n-th power by squaring (composition of maps). */
function iterateMap(x: bigint, n: bigint, a: bigint, c: bigint, m: bigint): bigint {
  let [scale, shift, stepScale, stepShift] = [1n, 0n, a, c];
  for (let rest = n; rest > 0n; rest /= 2n) {
    if (rest % 2n === 1n) [scale, shift] = [scale * stepScale, shift * stepScale + stepShift];
    [stepScale, stepShift] = [stepScale * stepScale, stepShift * stepScale + stepShift];
    [scale, shift, stepScale, stepShift] = [scale % m, shift % m, stepScale % m, stepShift % m];
  }
  return (scale * x + shift) % m;
}

function countSquares(low: bigint, high: bigint, m: bigint, r: bigint): bigint {
  let count = 0n;
  for (let residue = 0n; residue < m; residue++) {
    if ((residue * residue) % m !== r) continue;
    count += (high - residue + m) / m - (low - 1n - residue + m) / m; // x ≡ residue in [0, high] minus [0, low − 1]
  }
  return count;
}

/** Reads a chain of operations from left to right: words of sums, differences and products between numbers. */
const chain: Solver = (question) => {
  const [first, ...rest] = question.replace(/sum of (\d+) and/, "$1 plus").match(/\d+|plus|add|increased|minus|subtract|decreased|times|by|and/g)!; // prettier-ignore
  let value = first === undefined || /\D/.test(first) ? 0n : BigInt(first);
  let operation = "";
  for (const part of rest) {
    if (/\D/.test(part)) operation = part === "by" && operation !== "" ? operation : part;
    else {
      const operand = BigInt(part);
      if (/plus|add|increased/.test(operation)) value += operand;
      else if (/minus|subtract|decreased/.test(operation)) value -= operand;
      else value *= operand;
      operation = "";
    }
  }
  return String(value);
};

/** Counts and prices as pairs, in any sentence: `7 pens at 12`. */
const lots = (question: string): bigint[] =>
  [...question.matchAll(/(\d+) [a-z]+ at (\d+)/g)].map(([, count, price]) => BigInt(count!) * BigInt(price!));

/** The number of a part of a sentence. */
const numberAt = (question: string, pattern: RegExp): bigint => BigInt(pattern.exec(question)!.slice(1).find((group) => group !== undefined)!); // prettier-ignore

/** Two numbers by their sum and difference, by trying. */
function bySumAndDifference(sum: bigint, difference: bigint): bigint {
  for (let low = 0n; low <= sum; low++) if (sum - low - low === difference) return low * (sum - low);
  throw new Error(`no two numbers have sum ${sum} and difference ${difference}`);
}

export const secondSolvers: Readonly<Record<string, Solver>> = {
  sum: chain,
  difference: chain,
  "digit-product": chain,
  "product-sum": chain,
  "sum-difference": chain,
  "multiply-add": (question) => {
    const [a, b, c] = numbersOf(question) as [bigint, bigint, bigint];
    return String(/plus|add|increased/.test(question) ? a * b + c : a * b - c);
  },
  purchase: (question) => {
    const money = numberAt(question, /has (\d+)|with (\d+)|left of (\d+)|spends (\d+)/);
    return String(lots(question).reduce((left, lot) => left - lot, money));
  },
  stock: (question) => {
    const [boxes, inside] = [numberAt(question, /(\d+) (?:boxes|crates)/), numberAt(question, /(?:boxes of|crates with) (\d+)/)];
    let left = boxes * inside;
    const daily = numberAt(question, /sells (\d+)|ships (\d+)/);
    for (let day = numberAt(question, /(\d+) days/); day > 0n; day--) left -= daily;
    return String(left);
  },
  sharing: (question) => {
    const inside = numberAt(question, /bags of (\d+)|sacks with (\d+)/);
    const left = numberAt(question, /(\d+) (?:bags|sacks)/) * inside - numberAt(question, /keeps (\d+)|withholds (\d+)/);
    const people = numberAt(question, /(\d+) (?:friends|cousins)/);
    expect(left % people).toBe(0n);
    return String(left / people);
  },
  "sum-and-difference": (question) => {
    const [sum, difference] = numbersOf(question) as [bigint, bigint];
    return String(bySumAndDifference(sum, difference));
  },
  gcd: (question) => {
    const [a, b] = numbersOf(question) as [bigint, bigint];
    return String(combineExponents(a, b, Math.min));
  },
  lcm: (question) => {
    const [a, b] = numbersOf(question) as [bigint, bigint];
    return String(combineExponents(a, b, Math.max));
  },
  "power-modulo": (question) => {
    const [b, e, m] = numbersOf(question) as [bigint, bigint, bigint];
    return String(b ** e % m);
  },
  "prime-count": (question) => {
    const [low, high] = numbersOf(question).map(Number) as [number, number];
    return String(composites.subarray(low, high + 1).filter((flag) => flag === 0).length);
  },
  "digit-sum": (question) => {
    let rest = numbersOf(question).reduce((product, factor) => product * factor, 1n);
    let sum = 0n;
    for (; rest > 0n; rest /= 10n) sum += rest % 10n;
    return String(sum);
  },
  "divisor-count": (question) => {
    const [n] = numbersOf(question) as [bigint];
    return String([...factorise(n).values()].reduce((count, exponent) => count * (exponent + 1), 1));
  },
  "linear-recurrence": (question) => {
    const [x, n, a, c, m] = numbersOf(question) as [bigint, bigint, bigint, bigint, bigint];
    return String(iterateMap(x, n, a, c, m));
  },
  "multiples-sum": (question) => {
    const [n, a, b] = numbersOf(question.replace("from 1 to", "up to")) as [bigint, bigint, bigint];
    return String(arithmeticSum(n, a) + arithmeticSum(n, b) - arithmeticSum(n, combineExponents(a, b, Math.max)));
  },
  "square-residues": (question) => {
    const [low, high, m, r] = numbersOf(question) as [bigint, bigint, bigint, bigint];
    return String(countSquares(low, high, m, r));
  },
};
