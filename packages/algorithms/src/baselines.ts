import { assertSameLength, RetoolError } from "@retool-ts/core";
import { groupMembers, type GroupId } from "./groups.js";

/**
 * Leave-one-out advantages (RLOO), one number per sample: A = s − mean of the scores of the group's other samples.
 *
 * The baseline does not depend on the sample that it judges, so the policy gradient stays unbiased; it is
 * n / (n − 1) times the score minus the group's mean. A group of one sample has no others and keeps its score.
 *
 * Ahmadian et al., "Back to Basics: Revisiting REINFORCE Style Optimization for Learning from Human Feedback in LLMs"
 * (https://arxiv.org/abs/2402.14740).
 *
 * @param scores - one score per sample, finite.
 * @param groupIds - the group of each sample, in any order.
 * @returns one advantage per sample, in the order of `scores`.
 */
export function leaveOneOutAdvantages(scores: readonly number[], groupIds: readonly GroupId[]): number[] {
  const advantages = new Array<number>(scores.length);
  for (const members of groupMembers(scores, groupIds).values()) {
    for (const index of members) {
      const score = scores[index]!;
      const differences = members.reduce((sum, other) => sum + (score - scores[other]!), 0);
      advantages[index] = members.length === 1 ? score : differences / (members.length - 1);
    }
  }
  return advantages;
}

/**
 * ReMax advantages, one number per sample: A = s − score of the greedy response to the same prompt.
 *
 * Li et al., "ReMax: A Simple, Effective, and Efficient Reinforcement Learning Method for Aligning Large Language
 * Models" (https://arxiv.org/abs/2310.10505).
 *
 * @param scores - one score per sample, finite.
 * @param greedyScores - for each sample, the score of its prompt's response at temperature 0.
 * @returns one advantage per sample, in the order of `scores`.
 */
export function remaxAdvantages(scores: readonly number[], greedyScores: readonly number[]): number[] {
  assertSameLength({ scores, greedyScores });
  return scores.map((score, index) => {
    const advantage = score - greedyScores[index]!;
    if (!Number.isFinite(advantage)) {
      throw new RetoolError("NUMBER", `scores[${index}]: expected finite scores, got ${score} against ${greedyScores[index]}`);
    }
    return advantage;
  });
}
