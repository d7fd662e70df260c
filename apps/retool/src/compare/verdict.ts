import { ARM_TITLES, type ArmName } from "./arms.js";
import type { Bar, ComparisonResult, Duel } from "./comparison.js";
import { listText, percentText, pointsText, shareText } from "./figures.js";

/** The outcome in sentences that follow from the figures; the first says whether the claim holds. */
export function verdictSentences(result: ComparisonResult): string[] {
  const { bars, arms, plan, duels } = result;
  const seeds = `${plan.seeds.length === 1 ? "seed" : `${plan.seeds.length} seeds:`} ${listText(plan.seeds)}`;
  const finals = arms.map(({ title, coldStart, final }) => `${title} from ${shareText(coldStart)} to ${shareText(final)}`);
  return [
    headline(bars),
    `Held-out accuracy (${result.heldOut.problems} problems; ${seeds}${plan.seeds.length > 1 ? "; mean ± half of the 95 % t interval" : ""}): ${finals.join("; ")}.`,
    ...bars.map(barSentence),
    ...duels.flatMap((duel) => [startSentence(arms, duel), ...duel.crossings.map((found) => crossingSentence(duel.arm, found))]),
  ];
}

/** State of the tool arm before RL, beside a text arm. */
function startSentence(arms: ComparisonResult["arms"], { arm }: Duel): string {
  const startOf = (name: ArmName) => arms.find((candidate) => candidate.arm === name)!.coldStart;
  const [tool, text] = [startOf("tool"), startOf(arm)];
  const difference = tool.mean - text.mean;
  const isLevel = Math.abs(difference) <= (tool.halfWidth ?? 0) + (text.halfWidth ?? 0);
  return `Before RL the tool arm is ${pointsText(difference)} from ${ARM_TITLES[arm]}${isLevel ? ", level within the two intervals" : ""}.`;
}

function crossingSentence(arm: ArmName, { seed, best, bestStep, step }: Duel["crossings"][number]): string {
  const target = `the best of ${ARM_TITLES[arm]} (${percentText(best)}, at step ${bestStep})`;
  if (step === null) return `Seed ${seed}: tool RL does not end above ${target}.`;
  return step === 0 ? `Seed ${seed}: tool RL starts above ${target}.` : `Seed ${seed}: tool RL is above ${target} from step ${step} on.`;
}

function headline(bars: readonly Bar[]): string {
  if (bars.length === 0) return "Nothing is compared: this takes the tool arm and a text arm.";
  const failed = bars.filter(({ passed }) => !passed);
  if (failed.length === 0) return "The claim holds in this miniature: tool RL needs fewer steps and ends higher than text-only RL.";
  const which = failed.map(({ arm, claim }) => `${claim === "steps" ? "fewer steps" : "higher accuracy"} than ${ARM_TITLES[arm]}`);
  return `The claim does not hold in this run: not shown ${failed.length === 1 ? "is" : "are"} ${listText(which)}.`;
}

/** One bar with the figure that decided it. */
export function barSentence({ arm, claim, measured, required, passed }: Bar): string {
  const outcome = passed ? "passed" : "FAILED";
  switch (claim) {
    case "steps": {
      const found = measured === null ? "with some seed it never does" : `${percentText(measured, 0)} with the slowest seed`;
      return `${outcome}: passes the best of ${ARM_TITLES[arm]} within less than ${percentText(required, 0)} of its steps (${found}).`;
    }
    case "accuracy": {
      const found = measured === null ? "no ratio: it ends at 0" : `${measured.toFixed(2)} times`;
      return `${outcome}: final accuracy at least ${required} times that of ${ARM_TITLES[arm]} (${found}).`;
    }
  }
}
