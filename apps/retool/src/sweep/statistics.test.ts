import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { studentInterval, studentQuantile } from "./student-interval.js";
import { summarizeSweep, type SweepRun } from "./sweep-result.js";

interface Bounds {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Made by test/fixtures/student.py with SciPy. */
const reference = JSON.parse(readFileSync(new URL("../../test/fixtures/student.json", import.meta.url), "utf8")) as {
  readonly quantiles: readonly { readonly coverage: number; readonly freedom: number; readonly value: number }[];
  readonly intervals: readonly (Bounds & { readonly values: readonly number[]; readonly standardDeviation: number })[];
  readonly ratios: readonly (Bounds & { readonly cell: readonly number[]; readonly baseline: readonly number[] })[];
  readonly races: readonly {
    readonly cell: readonly (readonly number[])[];
    readonly baseline: readonly (readonly number[])[];
    readonly steps: readonly number[];
    readonly crossings: readonly (number | null)[];
    readonly share: Bounds | null;
  }[];
};

const run = (cell: string, seed: number, final: number, curve: SweepRun["curve"] = []): SweepRun => ({
  cell,
  seed,
  run: `${cell}-seed${seed}`,
  coldStart: 0,
  entropy: null,
  final,
  responseTokens: 1,
  codeRatio: 1,
  curve,
  answers: new Map(),
});
const raceOf = (runs: readonly SweepRun[]) => summarizeSweep({ cells: [{ name: "base" }, { name: "cell" }], baseline: "base" }, runs, []).cells[1]!.race!; // prettier-ignore

test("quantiles of Student's t agree with SciPy", () => {
  for (const { coverage, freedom, value } of reference.quantiles)
    expect(studentQuantile(coverage, freedom) / value, `${coverage}, ${freedom}`).toBeCloseTo(1, 9);
});

test.each(reference.intervals)(
  "the interval of the mean of $values agrees with SciPy",
  ({ values, mean, standardDeviation, low, high }) => {
    const found = studentInterval(values);
    const facts = [found.mean, found.standardDeviation!, found.mean - found.halfWidth!, found.mean + found.halfWidth!];
    [mean, standardDeviation, low, high].forEach((expected, i) => expect(facts[i]).toBeCloseTo(expected, 9));
  },
);

test.each(reference.ratios)("the interval of the ratio of $cell and $baseline agrees with SciPy", ({ cell, baseline, mean, low, high }) => {
  const { ratio } = raceOf([
    ...baseline.map((final, seed) => run("base", seed, final)),
    ...cell.map((final, seed) => run("cell", seed, final)),
  ]);
  const facts = [ratio!.mean, ...ratio!.interval!];
  [mean, low, high].forEach((expected, i) => expect(facts[i]! / expected).toBeCloseTo(1, 9));
});

test.each(reference.races)("crossings at $crossings, and the interval of their share, agree with NumPy and SciPy", (race) => {
  const curve = (accuracies: readonly number[]) => accuracies.map((accuracy, i) => ({ step: race.steps[i]!, accuracy }));
  const found = raceOf([
    ...race.baseline.map((accuracies, seed) => run("base", seed, 0.5, curve(accuracies))),
    ...race.cell.map((accuracies, seed) => run("cell", seed, 0.5, curve(accuracies))),
  ]);
  expect(found.crossings.map(({ step }) => step)).toEqual(race.crossings);
  if (race.share === null) expect(found.share).toBeNull();
  else {
    const { mean, halfWidth } = found.share!;
    const facts = [mean, mean - halfWidth!, mean + halfWidth!];
    [race.share.mean, race.share.low, race.share.high].forEach((expected, i) => expect(facts[i]).toBeCloseTo(expected, 9));
  }
});
