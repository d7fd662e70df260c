import type { Reporter } from "../shell/log.js";
import { phaseSummary, phaseTable } from "../recipe/phases.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import type { Accuracy, Estimate, Evaluation, Interval } from "@retool-ts/evaluate";

/** Below this, an accuracy is said to be close to nothing. */
const NEAR_ZERO = 0.02;

/** Tells a person what an evaluation found. */
export function describeEvaluation(evaluation: Evaluation, { eval: { sampling } }: RecipeConfig, reporter: Reporter): void {
  const { samples, accuracy, n, rollouts, passAt, majorityAt, families, levels } = evaluation;
  reporter.table(phaseTable({ [`avg@${samples}`]: phaseSummary(evaluation) }));
  const ks = [...new Set([...Object.keys(passAt), ...Object.keys(majorityAt)])].map(Number).sort((a, b) => a - b);
  if (ks.length > 0) {
    reporter.say("");
    reporter.table([["k", "pass@k", "95 % interval", "maj@k", "95 % interval"], ...ks.map((k) => atK(k, passAt[k], majorityAt[k]))]);
  }
  if (accuracy < NEAR_ZERO) {
    const { contextFull } = rollouts.stopReasons;
    const tooLong = contextFull > 0 ? ` ${share(contextFull)} of the problems did not fit its context.` : "";
    reporter.say(
      `\nThis model solves practically none of these ${n} problems (avg@${samples} ${share(accuracy)}): they are beyond what it was trained on.${tooLong}`,
    );
  }
  for (const [title, groups] of [["family", families] as const, ["level", levels] as const]) describeGroups(title, groups, reporter);
  if (rollouts.stopReasons.toolFailed > 0) {
    reporter.say(
      `\nThe tool itself failed in ${share(rollouts.stopReasons.toolFailed)} of the rollouts; without an answer they count as wrong.`,
    );
  }
  reporter.say(`\nsampled at temperature ${sampling.temperature}, top-p ${sampling.topP}; ended: ${endings(rollouts.stopReasons)}`);
}

function atK(k: number, pass: Estimate | undefined, majority: Estimate | undefined): string[] {
  const cells = (estimate: Estimate | undefined) =>
    estimate === undefined ? ["-", "-"] : [share(estimate.value), interval(estimate.ci95)];
  return [String(k), ...cells(pass), ...cells(majority)];
}

function describeGroups(title: string, groups: Readonly<Record<string, Accuracy>>, reporter: Reporter): void {
  if (Object.keys(groups).length < 2) return;
  reporter.say("");
  reporter.table([
    [title, "accuracy", "95 % interval", "problems"],
    ...Object.entries(groups).map(([name, part]) => [name, share(part.accuracy), interval(part.ci95), String(part.n)]),
  ]);
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

function interval([low, high]: Interval): string {
  return `${share(low)} to ${share(high)}`;
}

function endings(stopReasons: Evaluation["rollouts"]["stopReasons"]): string {
  const present = Object.entries(stopReasons).filter(([, part]) => part > 0);
  return present.map(([reason, part]) => `${reason} ${(100 * part).toFixed(0)} %`).join(", ");
}
