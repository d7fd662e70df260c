import { assertSameLength } from "@retool-ts/core";
import { groupAdvantages } from "./advantages.js";
import { groupMembers, type GroupId } from "./groups.js";

/** Rewards of a rollout's turns in order; null for a turn that has none, such as the last one, which answers. */
export type TurnRewards = readonly (number | null)[];

/** Options of {@link turnAdvantages}. */
export interface TurnAdvantageOptions {
  /** Weight of a turn's own advantage beside that of the outcome. Default 1. */
  readonly turnCoef?: number;
  /** Added to the standard deviations. Default 1e-6. */
  readonly epsilon?: number;
}

/**
 * Advantages a turn: that of the outcome, and for a turn with a reward of its own also that reward's,
 *
 *     A_k = A_outcome + turnCoef · (r_k − mean) / (std + ε)
 *
 * where mean and std are over the k-th turns of the group's rollouts that have a reward there. A turn with nothing to compare itself with
 * has the outcome's advantage alone.
 *
 * Zeng et al., "Reinforcing Multi-Turn Reasoning in LLM Agents via Turn-Level Credit Assignment" (https://arxiv.org/abs/2505.11821),
 * MT-GRPO, for any number of turns.
 *
 * @param scores - one score per rollout, finite.
 * @param turnRewards - rewards of the turns of each rollout.
 * @param groupIds - the group of each rollout, in any order.
 * @returns one advantage a turn, for each rollout.
 */
export function turnAdvantages(
  scores: readonly number[],
  turnRewards: readonly TurnRewards[],
  groupIds: readonly GroupId[],
  { turnCoef = 1, epsilon = 1e-6 }: TurnAdvantageOptions = {},
): number[][] {
  assertSameLength({ scores, turnRewards, groupIds });
  const outcome = groupAdvantages(scores, groupIds, { normalizeByStd: true, epsilon });
  const advantages = turnRewards.map((turns, i) => turns.map(() => outcome[i]!));
  const longest = turnRewards.reduce((most, turns) => Math.max(most, turns.length), 0);
  for (let k = 0; k < longest; k++) {
    const rated = turnRewards.flatMap((turns, i) => (typeof turns[k] === "number" ? [i] : []));
    const rewards = rated.map((i) => turnRewards[i]![k]!);
    const groups = rated.map((i) => groupIds[i]!);
    const own = groupAdvantages(rewards, groups, { normalizeByStd: true, epsilon });
    for (const members of groupMembers(rewards, groups).values()) {
      if (members.length > 1) for (const place of members) advantages[rated[place]!]![k]! += turnCoef * own[place]!;
    }
  }
  return advantages;
}
