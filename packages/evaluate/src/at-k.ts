import { majorityAtK, passAtK } from "./estimators.js";
import { answersMatch } from "@retool-ts/reward";
import { votesOf, type GradedAnswer, type SameAnswer } from "./answer-classes.js";
import { estimateMeans, type Estimate } from "./intervals.js";

/** The verdict on one sample. */
export interface SampleGrade {
  readonly reward: GradedAnswer;
}

/** Powers of two above 1, and all samples. */
export function usualK(samples: number): number[] {
  const powers: number[] = [];
  for (let k = 2; k < samples; k *= 2) powers.push(k);
  return samples > 1 ? [...powers, samples] : [];
}

export interface AtKOptions {
  readonly passK?: readonly number[];
  readonly majorityK?: readonly number[];
  readonly same?: SameAnswer;
}

/** pass@k and maj@k over problems for each k, see {@link passAtK} and {@link majorityAtK}. */
export function estimatesAtK(
  groups: readonly (readonly SampleGrade[])[],
  samples: number,
  { passK = usualK(samples), majorityK = usualK(samples), same = answersMatch }: AtKOptions,
): { passAt: Record<number, Estimate>; majorityAt: Record<number, Estimate> } {
  const rewards = groups.map((group) => group.map(({ reward }) => reward));
  const rights = rewards.map((group) => group.filter(({ correct }) => correct).length);
  const votes = majorityK.length === 0 ? [] : rewards.map((group) => votesOf(group, same));
  const passes = passK.map((k) => [`pass ${k}`, rewards.map((group, i) => passAtK(group.length, rights[i]!, k))] as const);
  const majorities = majorityK.map((k) => [`majority ${k}`, votes.map((group) => majorityAtK(group, k))] as const);
  const estimates = estimateMeans(Object.fromEntries([...passes, ...majorities]));
  return {
    passAt: Object.fromEntries(passK.map((k) => [k, estimates[`pass ${k}`]!])),
    majorityAt: Object.fromEntries(majorityK.map((k) => [k, estimates[`majority ${k}`]!])),
  };
}
