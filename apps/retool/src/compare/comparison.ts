import { ARM_NAMES, ARM_TITLES, type ArmName } from "./arms.js";
import type { ArmRun } from "./arm-run.js";
import { crossing, type Crossing, type HeldOutCount } from "./figures.js";
import type { ComparisonPlan } from "./jobs.js";
import { studentInterval, type Interval } from "./student-interval.js";

/** Figures of one arm over its seeds. Shares are between 0 and 1. */
export interface ArmSummary {
  readonly arm: ArmName;
  readonly title: string;
  readonly coldStart: Interval;
  /** Highest accuracy of any held-out evaluation of a run. */
  readonly best: Interval;
  readonly final: Interval;
  readonly codeRatio: { readonly coldStart: Interval; readonly final: Interval };
  readonly responseTokens: { readonly coldStart: Interval; readonly final: Interval };
  readonly levels: Readonly<Record<string, Interval>>;
  readonly families: Readonly<Record<string, Interval>>;
  readonly sftSteps: Interval;
  readonly sftTokens: Interval;
  readonly rlTokens: Interval;
  readonly zeroVarianceShare: Interval;
}

/** Tool RL against one text arm. */
export interface Duel {
  readonly arm: ArmName;
  /** By seed: when the tool run passed the text run of the same seed for good. */
  readonly crossings: readonly (Crossing & { readonly seed: number })[];
  /** Mean final accuracy of the tool arm over that of the text arm; null when the text arm ends at 0. */
  readonly finalRatio: number | null;
  /** The same for each seed. */
  readonly finalRatios: readonly (number | null)[];
}

/** A claim with the figure that decides it. */
export interface Bar {
  readonly arm: ArmName;
  readonly claim: "steps" | "accuracy";
  /** `steps`: the largest share of the text run's steps over seeds; `accuracy`: the ratio of the means. Null when there is none. */
  readonly measured: number | null;
  readonly required: number;
  readonly passed: boolean;
}

/** Content of `compare.json`. */
export interface ComparisonResult {
  readonly plan: ComparisonPlan;
  readonly arms: readonly ArmSummary[];
  readonly duels: readonly Duel[];
  readonly bars: readonly Bar[];
  /** Held-out problems, and how many of them any of the runs trained on. */
  readonly heldOut: HeldOutCount;
  readonly runs: readonly ArmRun[];
}

/** Tool RL is to need less than half of the text run's steps (paper: 400 against 1,080). */
export const STEPS_BAR = 0.5;

/** And to end at least 1.5 times as high (paper: 67.0 against 40.0). */
export const ACCURACY_BAR = 1.5;

/** Aggregates runs over seeds, in the order of the arms. */
export function compareRuns(plan: ComparisonPlan, runs: readonly ArmRun[], heldOut: HeldOutCount): ComparisonResult {
  const ofArm = (arm: ArmName) => runs.filter((run) => run.arm === arm).sort((a, b) => a.seed - b.seed);
  const names = ARM_NAMES.filter((arm) => ofArm(arm).length > 0);
  const tool = ofArm("tool");
  const duels = names.filter((arm) => arm !== "tool" && tool.length > 0).map((arm) => duel(arm, tool, ofArm(arm)));
  return {
    plan,
    arms: names.map((arm) => summarizeArm(arm, ofArm(arm))),
    duels,
    bars: duels.flatMap(barsOf),
    heldOut,
    runs: names.flatMap(ofArm),
  };
}

function summarizeArm(arm: ArmName, runs: readonly ArmRun[]): ArmSummary {
  const over = (value: (run: ArmRun) => number) => studentInterval(runs.map(value));
  const groups = (key: "levels" | "families") =>
    Object.fromEntries(Object.keys(runs[0]!.final[key] ?? {}).map((name) => [name, over(({ final }) => final[key]![name]!.accuracy)]));
  return {
    arm,
    title: ARM_TITLES[arm],
    coldStart: over(({ coldStart }) => coldStart.accuracy),
    best: over(({ curve }) => Math.max(...curve.map(({ accuracy }) => accuracy))),
    final: over(({ final }) => final.accuracy),
    codeRatio: { coldStart: over(({ coldStart }) => coldStart.codeRatio), final: over(({ final }) => final.codeRatio) },
    responseTokens: { coldStart: over(({ coldStart }) => coldStart.meanTokens), final: over(({ final }) => final.meanTokens) },
    levels: groups("levels"),
    families: groups("families"),
    sftSteps: over(({ sft }) => sft.steps),
    sftTokens: over(({ sft }) => sft.tokens),
    rlTokens: over(({ rl }) => rl.tokens),
    zeroVarianceShare: over(({ rl }) => rl.zeroVarianceShare),
  };
}

/** Runs are paired by seed: the same training problems in the same order. */
function duel(arm: ArmName, tools: readonly ArmRun[], texts: readonly ArmRun[]): Duel {
  const pairs = tools.flatMap((tool) => texts.filter(({ seed }) => seed === tool.seed).map((text) => ({ tool, text })));
  const ratio = (top: number, bottom: number) => (bottom === 0 ? null : top / bottom);
  const mean = (values: readonly number[]) => studentInterval(values).mean;
  return {
    arm,
    crossings: pairs.map(({ tool, text }) => ({ seed: tool.seed, ...crossing(tool.curve, text.curve) })),
    finalRatio: ratio(mean(pairs.map(({ tool }) => tool.final.accuracy)), mean(pairs.map(({ text }) => text.final.accuracy))),
    finalRatios: pairs.map(({ tool, text }) => ratio(tool.final.accuracy, text.final.accuracy)),
  };
}

function barsOf({ arm, crossings, finalRatio }: Duel): Bar[] {
  const shares = crossings.map(({ share }) => share);
  const slowest = shares.some((share) => share === null) ? null : Math.max(...shares.map(Number));
  return [
    { arm, claim: "steps", measured: slowest, required: STEPS_BAR, passed: slowest !== null && slowest < STEPS_BAR },
    { arm, claim: "accuracy", measured: finalRatio, required: ACCURACY_BAR, passed: finalRatio !== null && finalRatio >= ACCURACY_BAR },
  ];
}
