import { groupBy } from "@retool-ts/core";
import type { Problem } from "@retool-ts/data";
import { summarizeRollouts, type RolloutOutline, type RolloutSummary } from "@retool-ts/rollout";
import type { SameAnswer } from "./answer-classes.js";
import { estimatesAtK, type SampleGrade } from "./at-k.js";
import { estimateMeans, type Estimate, type Interval } from "./intervals.js";

/** Accuracy with its 95 % interval. */
export interface Accuracy {
  readonly n: number;
  readonly accuracy: number;
  /** Over problems: Wilson's for one sample per problem, a bootstrap over problems for several; see {@link estimateMeans}. */
  readonly ci95: Interval;
}

/** Result of an evaluation. */
export interface Evaluation extends Accuracy {
  readonly samples: number;
  /** By k: pass@k, the chance that one of k samples is right. */
  readonly passAt: Readonly<Record<number, Estimate>>;
  /** By k: maj@k, the chance that the most frequent answer of k samples is right; ties are split evenly. */
  readonly majorityAt: Readonly<Record<number, Estimate>>;
  readonly rollouts: RolloutSummary;
  readonly families: Readonly<Record<string, Accuracy>>;
  readonly levels: Readonly<Record<string, Accuracy>>;
  /** By the digits of the longest number in the question, of problems that say so in a column `digits`, as generated ones do. */
  readonly digits: Readonly<Record<string, Accuracy>>;
}

/** Input of an evaluation; a `GradedRollout` is one. */
export interface EvaluatedRollout extends SampleGrade {
  readonly problem: Pick<Problem, "family" | "level" | "columns">;
  readonly trajectory: RolloutOutline;
}

export interface EvaluationOptions {
  /** Numbers of samples of pass@k and maj@k, none above the samples a problem has. Default: powers of two, and all samples. */
  readonly passK?: readonly number[];
  readonly majorityK?: readonly number[];
  /** Equality of answers in a vote. Default: equal integers or equal text. */
  readonly same?: SameAnswer;
}

/** avg@samples over groups, whole and by family, level and length of numbers, with pass@k and maj@k. */
export function summarizeEvaluation(groups: readonly (readonly EvaluatedRollout[])[], options: EvaluationOptions = {}): Evaluation {
  const samples = groups[0]?.length ?? 0;
  const by = (key: (problem: EvaluatedRollout["problem"]) => string | undefined) => {
    const parts = [...groupBy(groups, (group) => key(group[0]!.problem))];
    const named = parts.flatMap(([name, part]) => (name === undefined ? [] : [{ name, part }]));
    named.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    return Object.fromEntries(named.map(({ name, part }) => [name, accuracy(part)]));
  };
  return {
    ...accuracy(groups),
    samples,
    ...estimatesAtK(groups, samples, options),
    rollouts: summarizeRollouts(groups.flat().map(({ trajectory }) => trajectory)),
    families: by(({ family }) => family),
    levels: by(({ level }) => (level === undefined ? undefined : String(level))),
    digits: by(({ columns }) => (typeof columns?.["digits"] === "number" ? String(columns["digits"]) : undefined)),
  };
}

function accuracy(groups: readonly (readonly SampleGrade[])[]): Accuracy {
  const shares = groups.map((group) => group.filter(({ reward }) => reward.correct).length / group.length);
  const { value, ci95 } = estimateMeans({ accuracy: shares }).accuracy;
  return { n: groups.length, accuracy: value, ci95 };
}
