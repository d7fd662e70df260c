import { assertSameLength } from "@retool-ts/core";
import { groupAdvantages } from "./advantages.js";
import type { GroupId } from "./groups.js";

/** Options of {@link decoupledAdvantages}. */
export interface DecoupledAdvantageOptions {
  /** Weight wₙ of a reward's advantages by its name; 1 where none is given. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Added to both standard deviations. Default 1e-6. */
  readonly epsilon?: number;
}

/** Means below this are rounding: those of groups add up to 0. */
const ROUNDING = 1e-12;

/**
 * Advantages of several rewards, each normalised within its group before they are added, and the sum over the batch (GDPO):
 *
 *     Aₙ = (rₙ − mean of the group) / (std of the group + ε)
 *     A = Σ wₙ Aₙ,  then  (A − mean of the batch) / (std of the batch + ε)
 *
 * Normalising the sum of the rewards instead, as GRPO does, gives one advantage to different combinations with one sum, and lets the
 * reward with the largest deviation drown the others. Standard deviations are the unbiased ones.
 *
 * Liu et al., "GDPO: Group reward-Decoupled Normalization Policy Optimization for Multi-reward RL Optimization", eq. 4 to 6
 * (https://arxiv.org/abs/2601.05242).
 *
 * @param rewards - the rewards of each sample by name, finite; one that is missing is 0.
 * @param groupIds - the group of each sample, in any order.
 * @returns one advantage per sample, in the order of `rewards`.
 */
export function decoupledAdvantages(
  rewards: readonly Readonly<Record<string, number>>[],
  groupIds: readonly GroupId[],
  { weights = {}, epsilon = 1e-6 }: DecoupledAdvantageOptions = {},
): number[] {
  assertSameLength({ rewards, groupIds });
  const names = [...new Set(rewards.flatMap((each) => Object.keys(each)))].toSorted();
  const sums = new Array<number>(rewards.length).fill(0);
  for (const name of names) {
    const weight = Object.hasOwn(weights, name) ? weights[name]! : 1;
    const scores = rewards.map((each) => (Object.hasOwn(each, name) ? each[name]! : 0));
    groupAdvantages(scores, groupIds, { normalizeByStd: true, epsilon }).forEach((advantage, i) => (sums[i]! += weight * advantage));
  }
  return normalized(sums, epsilon);
}

function normalized(values: readonly number[], epsilon: number): number[] {
  if (values.length < 2) return [...values];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const center = Math.abs(mean) < ROUNDING ? 0 : mean; // a group that teaches nothing keeps its exact 0
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
  return values.map((value) => (value - center) / (Math.sqrt(variance) + epsilon));
}
