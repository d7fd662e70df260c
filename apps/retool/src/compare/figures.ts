import { createTaskSource, type GeneratedProblem } from "@retool-ts/data";
import { stageOffset } from "@retool-ts/train";
import { heldOutProblems } from "../setup/held-out-problems.js";
import type { ArmName } from "./arms.js";
import type { Job } from "./jobs.js";
import type { Interval } from "./student-interval.js";

/** One held-out evaluation along a run. */
export interface CurvePoint {
  /** RL steps done; 0 is the cold start. */
  readonly step: number;
  readonly accuracy: number;
  /** Share of responses with code. */
  readonly codeRatio: number;
  /** Mean tokens after the prompt. */
  readonly responseTokens: number;
}

/** The step at which one run passed the best accuracy of another. */
export interface Crossing {
  /** Highest accuracy that the other run had at any evaluation, and the first step at which it did. */
  readonly best: number;
  readonly bestStep: number;
  /** First evaluated step from which on the run stayed above `best`; null when it did not end above it. */
  readonly step: number | null;
  /** `step` as a share of the other run's steps. */
  readonly share: number | null;
}

/** The part of an evaluation that crossings are about. */
type Evaluated = Pick<CurvePoint, "step" | "accuracy">;

/**
 * The step at which a run passes another's best for good: it is above it there and at every later evaluation, so that one lucky
 * evaluation does not count. Equal accuracy is not above.
 *
 * @param curve - evaluations of the run in order of steps.
 * @param other - those of the other run; its last step is its length.
 */
export function crossing(curve: readonly Evaluated[], other: readonly Evaluated[]): Crossing {
  const best = other.reduce((top, point) => (point.accuracy > top.accuracy ? point : top));
  const lastBelow = curve.findLastIndex(({ accuracy }) => accuracy <= best.accuracy);
  const step = curve[lastBelow + 1]?.step ?? null;
  const length = other.at(-1)!.step;
  return { best: best.accuracy, bestStep: best.step, step, share: step === null ? null : step / length };
}

/** Overlap of training problems with held-out ones. */
export interface HeldOutCount {
  readonly problems: number;
  /** Held-out problems that were trained on: none, unless the split is at fault. */
  readonly trainedOn: number;
  /** Different problems that the runs trained on. */
  readonly trainingProblems: number;
}

/** The part of a run that says how much it learned from. */
interface LearnedRun {
  readonly arm: ArmName;
  readonly seed: number;
  readonly rl: { readonly steps: number };
}

/**
 * Goes through every problem that the runs trained on, cold starts and RL, and counts those that are held out. Problems are the same
 * when family and operands are, in whatever words.
 */
export async function countHeldOut(jobs: readonly Job[], runs: readonly LearnedRun[]): Promise<HeldOutCount> {
  const { config: first } = jobs[0]!;
  const problems = (await heldOutProblems(first, first.eval.problems)) as GeneratedProblem[];
  const trained = new Set<string>();
  for (const { arm, seed, config } of jobs) {
    const { train } = config.data;
    if (train.kind !== "generated") continue;
    const source = createTaskSource({
      seed,
      split: "train",
      levelWeights: train.levelWeights,
      ...(train.families ? { families: train.families } : {}),
    });
    const run = runs.find((candidate) => candidate.arm === arm && candidate.seed === seed)!;
    const stretches = [
      { from: 0, count: run.rl.steps * config.train.promptsPerStep },
      ...config.sft.stages.map((stage) => ({ from: stageOffset(config.sft.stages, stage), count: stage.steps * stage.batchSize })),
    ];
    for (const { from, count } of stretches) for (let i = 0; i < count; i++) trained.add(source.problem(from + i).key);
  }
  return { problems: problems.length, trainedOn: problems.filter(({ key }) => trained.has(key)).length, trainingProblems: trained.size };
}

/** Functions of the sandbox's "math" prelude. */
const HELPERS = "gcd lcm powmod isPrime primes factor divisors digits range sum product comb perm factorial".split(" ");

const CALL = new RegExp(`(?<![\\w.$])(?:${HELPERS.join("|")})\\s*\\(`);

/** True for code that calls a function of the sandbox beyond the language, judged by its text. */
export function callsHelper(code: string): boolean {
  return CALL.test(code);
}

/** `91.0 %`. */
export function percentText(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** A mean share with its 95 % interval: `91.0 ± 2.3 %`; without the interval where there is one seed. */
export function shareText({ mean, halfWidth }: Interval): string {
  return halfWidth === null ? percentText(mean) : `${(100 * mean).toFixed(1)} ± ${(100 * halfWidth).toFixed(1)} %`;
}

/** A mean with its interval: `26.1 ± 0.4`. */
export function numberText({ mean, halfWidth }: Interval, digits = 1): string {
  return halfWidth === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${halfWidth.toFixed(digits)}`;
}

/** `1, 2 and 3`. */
export function listText(items: readonly (string | number)[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)!}`;
}

/** A difference of shares in points: `+3.2 points`. */
export function pointsText(difference: number): string {
  return `${difference < 0 ? "−" : "+"}${Math.abs(100 * difference).toFixed(1)} points`;
}
