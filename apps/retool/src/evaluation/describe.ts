import { phaseSummary, phaseTable } from "../recipe/phases.js";
import type { RecipeConfig } from "../config/recipe-config.js";
import { formatTable } from "../shell/text-table.js";
import type { Accuracy, Estimate, Evaluation, Interval } from "@retool-ts/evaluate";

/** Below this, an accuracy is said to be close to nothing. */
const NEAR_ZERO = 0.02;

/** An evaluation in words and tables. */
export function describeEvaluation(evaluation: Evaluation, { eval: { sampling } }: RecipeConfig): string {
  const { samples, accuracy, n, rollouts, passAt, majorityAt, families, levels, digits } = evaluation;
  const parts = [formatTable(phaseTable({ [`avg@${samples}`]: phaseSummary(evaluation) }))];
  const ks = [...new Set([...Object.keys(passAt), ...Object.keys(majorityAt)])].map(Number).sort((a, b) => a - b);
  if (ks.length > 0) {
    const heading = ["k", "pass@k", "95 % interval", "maj@k", "95 % interval"];
    parts.push(formatTable([heading, ...ks.map((k) => atK(k, passAt[k], majorityAt[k]))]));
  }
  if (accuracy < NEAR_ZERO) {
    const { contextFull } = rollouts.stopReasons;
    const tooLong = contextFull > 0 ? ` ${share(contextFull)} of the problems did not fit its context.` : "";
    parts.push(
      `This model solves practically none of these ${n} problems (avg@${samples} ${share(accuracy)}): they are beyond what it was trained on.${tooLong}`,
    );
  }
  parts.push(...groupTable("family", families), ...groupTable("level", levels), ...groupTable("digits", digits));
  if (rollouts.stopReasons.toolFailed > 0) {
    parts.push(
      `The tool itself failed in ${share(rollouts.stopReasons.toolFailed)} of the rollouts; without an answer they count as wrong.`,
    );
  }
  parts.push(`sampled at temperature ${sampling.temperature}, top-p ${sampling.topP}; ended: ${endings(rollouts.stopReasons)}`);
  return parts.join("\n\n");
}

function atK(k: number, pass: Estimate | undefined, majority: Estimate | undefined): string[] {
  const cells = (estimate: Estimate | undefined) =>
    estimate === undefined ? ["-", "-"] : [share(estimate.value), interval(estimate.ci95)];
  return [String(k), ...cells(pass), ...cells(majority)];
}

/** A table of groups, where there are two or more. */
function groupTable(title: string, groups: Readonly<Record<string, Accuracy>>): string[] {
  if (Object.keys(groups).length < 2) return [];
  const rows = Object.entries(groups).map(([name, part]) => [name, share(part.accuracy), interval(part.ci95), String(part.n)]);
  return [formatTable([[title, "accuracy", "95 % interval", "problems"], ...rows])];
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
