import { holmCorrection, mcnemarTest, pairedBootstrap, type Interval as Bounds } from "@retool-ts/evaluate";
import { studentInterval, type Interval } from "../compare/student-interval.js";

/** One finished run of a cell. */
export interface SweepRun {
  readonly cell: string;
  readonly seed: number;
  /** Name of the run's folder within the sweep's. */
  readonly run: string;
  readonly coldStart: number;
  readonly final: number;
  readonly responseTokens: number;
  readonly codeRatio: number;
  /** Whether each sample of the last evaluation was right, by the name of its problem and sample. */
  readonly answers: ReadonlyMap<string, boolean>;
}

/** A run that did not end. */
export interface SweepFailure {
  readonly cell: string;
  readonly seed: number;
  readonly message: string;
}

/** A cell against the baseline, over the seeds and problems that both have. */
export interface CellTest {
  /** Pairs of answers: one a seed, problem and sample. */
  readonly pairs: number;
  /** Right in this cell only, and in the baseline only. */
  readonly onlyCell: number;
  readonly onlyBaseline: number;
  /** Difference of the shares of right answers, with its 95 % bootstrap interval. */
  readonly difference: number;
  readonly interval: Bounds;
  /** McNemar's mid-p value, and with Holm's correction over all cells of the sweep. */
  readonly midP: number;
  readonly corrected: number;
}

/** Figures of a cell. */
export interface CellSummary {
  readonly name: string;
  /** Over seeds; null when no run has ended. */
  readonly coldStart: Interval | null;
  readonly final: Interval | null;
  readonly responseTokens: Interval | null;
  readonly codeRatio: Interval | null;
  /** Null for the baseline, and where the two share no answers. */
  readonly test: CellTest | null;
}

/** Outcome of a sweep; equal runs give equal ones. */
export interface SweepResult {
  readonly baseline: string;
  readonly cells: readonly CellSummary[];
  readonly runs: readonly Omit<SweepRun, "answers">[];
  readonly failures: readonly SweepFailure[];
}

/** Summarises runs by cell and tests each against the baseline. */
export function summarizeSweep(
  { cells, baseline }: { readonly cells: readonly { readonly name: string }[]; readonly baseline: string },
  runs: readonly SweepRun[],
  failures: readonly SweepFailure[],
): SweepResult {
  const runsOf = (name: string) => runs.filter(({ cell }) => cell === name);
  const raw = new Map(cells.flatMap(({ name }) => (name === baseline ? [] : [[name, testAgainst(runsOf(name), runsOf(baseline))]])));
  const tested = [...raw].flatMap(([name, test]) => (test === null ? [] : [{ name, test }]));
  const corrected = holmCorrection(tested.map(({ test }) => test.midP));
  const tests = new Map(tested.map(({ name, test }, i) => [name, { ...test, corrected: corrected[i]! }]));
  return {
    baseline,
    cells: cells.map(({ name }) => {
      const own = runsOf(name);
      const over = (key: "coldStart" | "final" | "responseTokens" | "codeRatio") =>
        own.length === 0 ? null : studentInterval(own.map((run) => run[key]));
      const measures = { coldStart: over("coldStart"), final: over("final"), responseTokens: over("responseTokens"), codeRatio: over("codeRatio") }; // prettier-ignore
      return { name, ...measures, test: tests.get(name) ?? null };
    }),
    runs: runs.map(({ cell, seed, run, coldStart, final, responseTokens, codeRatio }) => {
      return { cell, seed, run, coldStart, final, responseTokens, codeRatio };
    }),
    failures,
  };
}

function testAgainst(cell: readonly SweepRun[], baseline: readonly SweepRun[]): Omit<CellTest, "corrected"> | null {
  const pairs = cell.flatMap(({ seed, answers }) => {
    const other = baseline.find((run) => run.seed === seed)?.answers;
    return [...answers].flatMap(([name, right]) => (other?.has(name) === true ? [[right, other.get(name)!] as const] : []));
  });
  if (pairs.length === 0) return null;
  const [a, b] = [pairs.map(([right]) => right), pairs.map(([, right]) => right)];
  const { onlyA, onlyB, midP } = mcnemarTest(a, b);
  return { pairs: pairs.length, onlyCell: onlyA, onlyBaseline: onlyB, midP, ...pairedBootstrap(a.map(Number), b.map(Number)) };
}
