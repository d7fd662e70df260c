import { shareText, numberText } from "./interval-texts.js";
import type { Interval } from "./student-interval.js";
import type { CellSummary, SweepResult } from "./sweep-result.js";

/** A table: the first row is the heading. */
type Table = readonly (readonly string[])[];

/** One line a cell: means over seeds with t intervals, and the paired test against the baseline. */
export function cellTable({ cells, baseline, failures }: SweepResult): Table {
  return [
    ["cell", "seeds", "cold start", "entropy", "final", "tokens", "against the baseline", "p (McNemar, mid-p)", "p (Holm)"],
    ...cells.map((cell) => {
      const failed = failures.filter((failure) => failure.cell === cell.name).length;
      const seeds = `${cell.final?.n ?? 0}${failed === 0 ? "" : ` (${failed} failed)`}`;
      return [cell.name, seeds, share(cell.coldStart), cell.entropy === null ? "–" : numberText(cell.entropy, 2), share(cell.final), cell.responseTokens === null ? "–" : numberText(cell.responseTokens), ...testCells(cell, baseline)]; // prettier-ignore
    }),
  ];
}

/** One line a cell that raced the baseline: the step at which it passed the baseline's best for good, and the ratio of final accuracies. */
export function raceTable({ cells, baseline }: SweepResult): Table {
  const raced = cells.flatMap(({ name, race }) => (race === null || race.crossings.length === 0 ? [] : [{ name, ...race }]));
  return [
    ["cell", `passes the best of ${baseline} at step, by seed`, "share of its steps", "final accuracy over its"],
    ...raced.map(({ name, crossings, share: passed, ratio }) => [
      name,
      crossings.map(({ step }) => step ?? "never").join(", "),
      passed === null ? "–" : share(passed),
      ratio === null
        ? "–"
        : `${ratio.mean.toFixed(2)}${ratio.interval === null ? "" : ` [${ratio.interval.map((end) => end.toFixed(2)).join(", ")}]`}`,
    ]),
  ];
}

/** One line an evaluation on other problems and cell. */
export function evaluationTable({ evaluations, baseline }: SweepResult): Table {
  return [
    ["evaluation", "cell", "seeds", "accuracy", "against the baseline", "p (McNemar, mid-p)", "p (Holm)"],
    ...evaluations.map(({ name, cell, accuracy, test }) => [name, cell, String(accuracy.n), share(accuracy), ...testCells({ name: cell, test }, baseline)]), // prettier-ignore
  ];
}

/** One row an evaluation along the way, of one run. */
export function curvesCsv({ runs }: SweepResult): string {
  const rows = [["cell", "seed", "step", "accuracy"], ...runs.flatMap(({ cell, seed, curve }) => curve.map(({ step, accuracy }) => [cell, seed, step, accuracy]))]; // prettier-ignore
  return rows.map((row) => `${row.map(csvCell).join(",")}\n`).join("");
}

function testCells({ name, test }: Pick<CellSummary, "name" | "test">, baseline: string): readonly string[] {
  if (test === null) return [name === baseline ? "baseline" : "–", "–", "–"];
  const points = (value: number) => `${value > 0 ? "+" : ""}${(100 * value).toFixed(1)}`;
  return [`${points(test.difference)} [${test.interval.map(points).join(", ")}]`, pText(test.midP), pText(test.corrected)];
}

function share(interval: Interval | null): string {
  return interval === null ? "–" : shareText(interval);
}

function pText(p: number): string {
  return p < 0.0001 ? "< 0.0001" : p.toFixed(4);
}

/** One row a run, for a spreadsheet or a plot. */
export function runsCsv({ runs }: SweepResult): string {
  const rows = [
    ["cell", "seed", "run", "cold_start", "entropy", "final", "response_tokens", "code_ratio"],
    ...runs.map(({ cell, seed, run, coldStart, entropy, final, responseTokens, codeRatio }) => [cell, seed, run, coldStart, entropy ?? "", final, responseTokens, codeRatio]), // prettier-ignore
  ];
  return rows.map((row) => `${row.map(csvCell).join(",")}\n`).join("");
}

function csvCell(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
