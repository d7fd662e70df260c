import { describe, expect, test } from "vitest";
import { Meter } from "./budget.js";
import { arctan, exp, ln, pi, root, sinCos } from "./elementary.js";
import { fromRational, type Interval, multiply, type Precision, subtract } from "./interval.js";
import { PRIMES } from "./modular.js";
import { powerModulo } from "./exact.js";

const at = (bits: number): Precision => ({ bits, meter: new Meter(1e12) });
const point = (value: number, precision: Precision) => fromRational({ n: BigInt(Math.round(value * 1024)), d: 1024n }, precision);
const double = ({ lo, hi }: Interval, bits: number) => Number((lo + hi) >> BigInt(bits - 59)) / 2 ** 60;

describe("elementary functions", () => {
  test.each([0.125, 0.5, 1, 1.5, 3, 7.25, 20])("agree with Math at %d, and enclose tightly", (x) => {
    for (const bits of [80, 300, 1_500]) {
      const precision = at(bits);
      const value = point(x, precision);
      const pairs: readonly (readonly [Interval, number])[] = [
        [exp(value, precision), Math.exp(x)],
        [ln(value, precision), Math.log(x)],
        [arctan(value, precision), Math.atan(x)],
        [sinCos(value, precision).sin, Math.sin(x)],
        [sinCos(value, precision).cos, Math.cos(x)],
        [root(value, 3, precision), Math.cbrt(x)],
      ];
      for (const [interval, expected] of pairs) {
        expect(Math.abs(double(interval, bits) - expected)).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(expected)));
        expect(interval.hi - interval.lo).toBeLessThan(1n << 40n);
      }
    }
  });

  test("a finer interval lies in a coarser one, and inverses meet", () => {
    const [coarse, fine] = [at(200), at(900)];
    for (const f of [
      exp,
      ln,
      arctan,
      (a: Interval, p: Precision) => sinCos(a, p).sin,
      (a: Interval, p: Precision) => sinCos(a, p).cos,
      (_: Interval, p: Precision) => pi(p),
    ]) {
      for (const x of [0.25, 1.125, 2.5, 11.75]) {
        const outer = f(point(x, coarse), coarse);
        const inner = f(point(x, fine), fine);
        expect(outer.lo << 700n <= inner.lo && inner.hi <= outer.hi << 700n).toBe(true);
      }
    }
    const x = point(2.5, fine);
    const back = subtract(ln(exp(x, fine), fine), x);
    expect(back.lo <= 0n && back.hi >= 0n).toBe(true);
    const squared = subtract(multiply(root(x, 2, fine), root(x, 2, fine), fine), x);
    expect(squared.lo <= 0n && squared.hi >= 0n).toBe(true);
  });

  test("the moduli are prime: Fermat to twelve bases", () => {
    for (const prime of PRIMES) {
      for (const base of [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n])
        expect(powerModulo(base, prime - 1n, prime, new Meter())).toBe(1n);
    }
  });
});
