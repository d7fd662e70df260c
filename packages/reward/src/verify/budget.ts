/** Limits that keep every verdict bounded, whatever the text. None depends on the clock, so verdicts are reproducible. */
export const LIMITS = {
  /** Characters of an answer that is parsed. */
  length: 4_000,
  /** Nodes of a syntax tree. */
  nodes: 1_200,
  /** Levels of nesting. */
  depth: 60,
  /** Digits of one numeral. */
  digits: 2_000,
  /** Bits of an exact number. */
  bits: 40_000,
  /** Working precision of interval arithmetic, in bits. */
  precision: 6_000,
  /** Work of one verdict, in units of about a nanosecond to a few. */
  work: 7_000_000,
  /** Members of a collection that are matched against each other. */
  members: 400,
} as const;

/** The answer may be right or wrong: finding out would cost more than the budget. */
export class Undecided extends Error {}

/** The text is no answer that the grammar knows. */
export class ParseFailure extends Error {}

/** The expression has no value, such as 1/0. */
export class NoValue extends Error {}

/** Counts work, in units of about a nanosecond, and stops it when a verdict has used up its share. */
export class Meter {
  #left: number;

  constructor(units: number = LIMITS.work) {
    this.#left = units;
  }

  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw new Undecided("comparing the answers would take too long");
  }
}
