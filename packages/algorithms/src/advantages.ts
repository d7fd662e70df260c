import { groupMembers, type GroupId } from "./groups.js";

export interface GroupAdvantageOptions {
  /** true: divide by the group's standard deviation (GRPO). false: only subtract the mean (Dr. GRPO). */
  readonly normalizeByStd: boolean;
  /** Added to the standard deviation. Default 1e-6. */
  readonly epsilon?: number;
}

/**
 * Group-relative advantages, one number per sample: A = (s − mean) / (std + ε), or s − mean.
 *
 * The standard deviation is the unbiased one, over the samples of the group. A group of one sample has nothing to compare
 * itself with and uses mean 0 and std 1, as in verl. Every token of a sample gets its advantage; the loss mask takes care
 * of tool tokens.
 *
 * Shao et al., "DeepSeekMath", sec. 4.1.2 (https://arxiv.org/abs/2402.03300); without the division, Liu et al.,
 * "Understanding R1-Zero-Like Training" (https://arxiv.org/abs/2503.20783).
 *
 * @param scores - one score per sample, finite.
 * @param groupIds - the group of each sample, in any order.
 * @returns one advantage per sample, in the order of `scores`.
 */
export function groupAdvantages(
  scores: readonly number[],
  groupIds: readonly GroupId[],
  { normalizeByStd, epsilon = 1e-6 }: GroupAdvantageOptions,
): number[] {
  const advantages = new Array<number>(scores.length);
  for (const members of groupMembers(scores, groupIds).values()) {
    const { mean, std } = groupStatistics(members.map((index) => scores[index]!));
    const scale = normalizeByStd ? std + epsilon : 1;
    for (const index of members) advantages[index] = (scores[index]! - mean) / scale;
  }
  return advantages;
}

/** Mean and unbiased standard deviation, both exact when all scores are equal. */
function groupStatistics(scores: readonly number[]): { mean: number; std: number } {
  if (scores.length === 1) return { mean: 0, std: 1 };
  const first = scores[0]!;
  const mean = first + scores.reduce((sum, score) => sum + (score - first), 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (scores.length - 1);
  return { mean, std: Math.sqrt(variance) };
}
