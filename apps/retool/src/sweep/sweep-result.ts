import { holmCorrection, mcnemarTest, pairedBootstrap, type Interval as Bounds } from "@retool-ts/evaluate";
import { crossing, type Crossing } from "./crossing.js";
import { studentInterval, type Interval } from "./student-interval.js";
import { curveBand, type BandPoint, type CurvePoint } from "./learning-curves.js";

/** One finished run of a cell. */
export interface SweepRun {
  readonly cell: string;
  readonly seed: number;
  /** Name of the run's folder within the sweep's. */
  readonly run: string;
  readonly coldStart: number;
  /** Mean entropy of a token at the first step of reinforcement learning, in nats; null where there was none. */
  readonly entropy: number | null;
  readonly final: number;
  readonly responseTokens: number;
  readonly codeRatio: number;
  /** Evaluations on validation problems along reinforcement learning. */
  readonly curve: readonly CurvePoint[];
  /** Whether each sample of the last evaluation was right, by the name of its problem and sample. */
  readonly answers: ReadonlyMap<string, boolean>;
}

/** An evaluation of one finished run on other problems. */
export interface SweepEvaluation {
  readonly name: string;
  readonly cell: string;
  readonly seed: number;
  readonly answers: SweepRun["answers"];
}

/** Part of a run, or of an evaluation of it, that tests compare. */
type Answered = Pick<SweepRun, "cell" | "seed" | "answers">;

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

/** A cell's climb against the baseline's, over the seeds that both have. */
export interface CellRace {
  /** By seed: the step from which on the cell stayed above the best that the baseline had at any evaluation. */
  readonly crossings: readonly (Crossing & { readonly seed: number })[];
  /** Share of the baseline's steps that this took; null where a seed never crossed, or there is no curve. */
  readonly share: Interval | null;
  /** Final accuracy over the baseline's, geometric mean over seeds with the t interval of its logarithm; null where a run ends at 0. */
  readonly ratio: { readonly mean: number; readonly interval: Bounds | null; readonly values: readonly number[] } | null;
}

/** Figures of a cell. */
export interface CellSummary {
  readonly name: string;
  /** Over seeds; null when no run has ended. */
  readonly coldStart: Interval | null;
  /** At the first step of reinforcement learning. */
  readonly entropy: Interval | null;
  readonly final: Interval | null;
  readonly responseTokens: Interval | null;
  readonly codeRatio: Interval | null;
  /** Null for the baseline, and where the two share no answers. */
  readonly test: CellTest | null;
  readonly race: CellRace | null;
  /** Mean over seeds of the evaluations along the way. */
  readonly curve: readonly BandPoint[];
}

/** A cell in one of the evaluations on other problems. */
export interface EvaluationSummary {
  readonly name: string;
  readonly cell: string;
  /** Over seeds. */
  readonly accuracy: Interval;
  /** Against the baseline in the same evaluation, corrected over its cells. */
  readonly test: CellTest | null;
}

/** Outcome of a sweep; equal runs give equal ones. */
export interface SweepResult {
  readonly baseline: string;
  readonly cells: readonly CellSummary[];
  readonly evaluations: readonly EvaluationSummary[];
  readonly runs: readonly Omit<SweepRun, "answers">[];
  readonly failures: readonly SweepFailure[];
}

/** Summarises runs by cell and tests each against the baseline. */
export function summarizeSweep(
  { cells, baseline }: { readonly cells: readonly { readonly name: string }[]; readonly baseline: string },
  runs: readonly SweepRun[],
  failures: readonly SweepFailure[],
  evaluations: readonly SweepEvaluation[] = [],
): SweepResult {
  const names = cells.map(({ name }) => name);
  const runsOf = (name: string) => runs.filter(({ cell }) => cell === name);
  const tests = testCells(names, baseline, runs);
  return {
    baseline,
    cells: cells.map(({ name }) => {
      const own = runsOf(name);
      const over = (key: "coldStart" | "entropy" | "final" | "responseTokens" | "codeRatio") => {
        const values = own.flatMap((run) => run[key] ?? []);
        return values.length === 0 ? null : studentInterval(values);
      };
      const measures = { coldStart: over("coldStart"), entropy: over("entropy"), final: over("final"), responseTokens: over("responseTokens"), codeRatio: over("codeRatio") }; // prettier-ignore
      const race = name === baseline ? null : raceAgainst(own, runsOf(baseline));
      return { name, ...measures, test: tests.get(name) ?? null, race, curve: curveBand(own.map(({ curve }) => curve)) };
    }),
    evaluations: [...new Set(evaluations.map(({ name }) => name))].flatMap((name) =>
      summarizeEvaluation(name, names, baseline, evaluations),
    ),
    runs: runs.map(({ cell, seed, run, coldStart, entropy, final, responseTokens, codeRatio, curve }) => {
      return { cell, seed, run, coldStart, entropy, final, responseTokens, codeRatio, curve };
    }),
    failures,
  };
}

/** Tests of all cells but the baseline, with Holm's correction over them. */
function testCells(names: readonly string[], baseline: string, answered: readonly Answered[]): Map<string, CellTest> {
  const of = (name: string) => answered.filter(({ cell }) => cell === name);
  const tested = names.flatMap((name) => {
    const test = name === baseline ? null : testAgainst(of(name), of(baseline));
    return test === null ? [] : [{ name, test }];
  });
  const corrected = holmCorrection(tested.map(({ test }) => test.midP));
  return new Map(tested.map(({ name, test }, i) => [name, { ...test, corrected: corrected[i]! }]));
}

function summarizeEvaluation(
  name: string,
  cells: readonly string[],
  baseline: string,
  all: readonly SweepEvaluation[],
): EvaluationSummary[] {
  const own = all.filter((evaluation) => evaluation.name === name);
  const tests = testCells(cells, baseline, own);
  return cells.flatMap((cell) => {
    const shares = own.filter((evaluation) => evaluation.cell === cell).map(({ answers }) => shareRight(answers));
    return shares.length === 0 ? [] : [{ name, cell, accuracy: studentInterval(shares), test: tests.get(cell) ?? null }];
  });
}

function shareRight(answers: SweepRun["answers"]): number {
  return [...answers.values()].filter(Boolean).length / answers.size;
}

function raceAgainst(cell: readonly SweepRun[], baseline: readonly SweepRun[]): CellRace | null {
  const pairs = cell.flatMap((run) => baseline.filter(({ seed }) => seed === run.seed).map((other) => ({ run, other })));
  if (pairs.length === 0) return null;
  const crossings = pairs
    .filter(({ run, other }) => run.curve.length > 0 && other.curve.length > 0)
    .map(({ run, other }) => ({ seed: run.seed, ...crossing(run.curve, other.curve) }));
  const shares = crossings.flatMap(({ share }) => share ?? []);
  return {
    crossings,
    share: shares.length > 0 && shares.length === crossings.length ? studentInterval(shares) : null,
    ratio: geometricRatio(pairs.map(({ run, other }) => run.final / other.final)),
  };
}

function geometricRatio(values: readonly number[]): CellRace["ratio"] {
  if (!values.every((value) => Number.isFinite(value) && value > 0)) return null;
  const { mean, halfWidth } = studentInterval(values.map(Math.log));
  return { mean: Math.exp(mean), interval: halfWidth === null ? null : [Math.exp(mean - halfWidth), Math.exp(mean + halfWidth)], values };
}

function testAgainst(cell: readonly Answered[], baseline: readonly Answered[]): Omit<CellTest, "corrected"> | null {
  const pairs = cell.flatMap(({ seed, answers }) => {
    const other = baseline.find((run) => run.seed === seed)?.answers;
    return [...answers].flatMap(([name, right]) => (other?.has(name) === true ? [[right, other.get(name)!] as const] : []));
  });
  if (pairs.length === 0) return null;
  const [a, b] = [pairs.map(([right]) => right), pairs.map(([, right]) => right)];
  const { onlyA, onlyB, midP } = mcnemarTest(a, b);
  return { pairs: pairs.length, onlyCell: onlyA, onlyBaseline: onlyB, midP, ...pairedBootstrap(a.map(Number), b.map(Number)) };
}
