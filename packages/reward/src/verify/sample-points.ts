import { integer, type Rational } from "./rational.js";

/** A value for each variable. */
export interface SamplePoint {
  readonly values: ReadonlyMap<string, Rational>;
  /** Drawn from so many values that no answer can name them all: factors that vanish at every point which is ever drawn do not fit. */
  readonly isWide: boolean;
  /** A point nearby whose coordinates have short numerals. */
  readonly near: ReadonlyMap<string, Rational>;
}

/** Signs of the coordinates, and the number of quarters that they are drawn from; 0 for a wide point. */
const FRACTIONS = [[1, 0], [-1, 10], [1, 10], [0, 6], [-1, 0], [1, 16], [0, 6], [1, 0], [0, 16], [0, 10], [0, 0], [0, 16]] as const; // prettier-ignore

/**
 * Points between whole numbers: the first has all its coordinates above 0, the second below, later ones anywhere. Quarters cost little, as
 * powers to them are roots of low order.
 */
export function fractionalPoints(names: readonly string[], random: () => number): SamplePoint[] {
  return FRACTIONS.map(([side, quarters]) => {
    const coordinate = (): Rational => {
      const sign = side === 0 ? (random() % 2 === 0 ? 1 : -1) : side;
      return quarters === 0 ? reduced(sign * (1 + 2 * (random() % 1_500)), 1_024) : reduced(sign * (1 + (random() % quarters)), 4);
    };
    const values = new Map(names.map((name) => [name, coordinate()]));
    return { values, isWide: quarters === 0, near: quarters === 0 ? inEighths(values) : values };
  });
}

/** Points of whole numbers, for functions that have a value there only. */
export function wholePoints(names: readonly string[], random: () => number): SamplePoint[] {
  return Array.from({ length: 8 }, (_, index) => {
    const isWide = index % 4 === 0;
    const values = new Map(names.map((name) => [name, integer(3 + (random() % (isWide ? 400 : 12)))]));
    return { values, isWide, near: values };
  });
}

/** Coordinates cut to eighths; never to 0 or 1, of which all powers are alike. */
function inEighths(values: SamplePoint["values"]): Map<string, Rational> {
  return new Map(
    [...values].map(([name, { n, d }]) => {
      const eighths = Math.max(1, Math.floor(Math.abs((8 * Number(n)) / Number(d))));
      return [name, reduced((n < 0n ? -1 : 1) * (eighths === 8 ? 9 : eighths), 8)];
    }),
  );
}

function reduced(above: number, below: number): Rational {
  let [n, d] = [above, below];
  while (n % 2 === 0 && d > 1) [n, d] = [n / 2, d / 2];
  return { n: BigInt(n), d: BigInt(d) };
}
