import { assertSameLength } from "@retool-ts/core";
import { groupAdvantages } from "./advantages.js";
import { whitenMasked, type Rows } from "./gae.js";
import type { GroupId } from "./groups.js";

/** Options of {@link discountedReturns} and {@link reinforcePlusPlusAdvantages}. */
export interface DiscountOptions {
  /** Discount γ per model token. */
  readonly gamma: number;
}

/**
 * Discounted sums of the rewards to come, token by token: Gₜ = rₜ + γ G_u with the next model token u.
 *
 * Tool tokens are stepped over as in `generalizedAdvantages`: they are not discounted, a reward placed on one is lost, and
 * they hold the return of the next model token.
 *
 * Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning" (1992).
 *
 * @param rewards - reward of each token, one row per sequence.
 * @param lossMask - 1 = sampled by the policy.
 */
export function discountedReturns(rewards: Rows, lossMask: Rows, { gamma }: DiscountOptions): number[][] {
  assertSameLength({ rewards, lossMask });
  return rewards.map((row, index) => {
    const mask = lossMask[index]!;
    const seqLen = assertSameLength({ [`rewards[${index}]`]: row, [`lossMask[${index}]`]: mask });
    const returns = new Array<number>(seqLen);
    let next = 0;
    for (let t = seqLen - 1; t >= 0; t--) {
      if (mask[t] === 1) next = row[t]! + gamma * next;
      returns[t] = next;
    }
    return returns;
  });
}

/**
 * REINFORCE++ advantages, one number per token: discounted returns, whitened over the model tokens of the whole batch.
 *
 * The reward of a token is −β times its k1 penalty against the reference, plus the score on the last model token; so a
 * prompt needs one sample only.
 *
 * Hu et al., "REINFORCE++" (https://arxiv.org/abs/2501.03262).
 *
 * @param rewards - reward of each token, one row per sequence of the step.
 * @param lossMask - 1 = sampled by the policy.
 * @returns one row per sequence, 0 where the mask is 0.
 */
export function reinforcePlusPlusAdvantages(rewards: Rows, lossMask: Rows, options: DiscountOptions): number[][] {
  return masked(whitenMasked(discountedReturns(rewards, lossMask, options), lossMask), lossMask);
}

/**
 * REINFORCE++ with the group's mean as baseline, one number per token: score − mean of its group, given to all model
 * tokens of the sample and whitened over those of the whole batch.
 *
 * Dividing by the batch's standard deviation, not the group's, keeps easy and hard prompts in proportion.
 *
 * Hu et al., "REINFORCE++" (https://arxiv.org/abs/2501.03262).
 *
 * @param scores - one score per sample, finite.
 * @param groupIds - the group of each sample, in any order.
 * @param lossMask - one row per sample; 1 = sampled by the policy.
 * @returns one row per sample, 0 where the mask is 0.
 */
export function reinforcePlusPlusBaselineAdvantages(scores: readonly number[], groupIds: readonly GroupId[], lossMask: Rows): number[][] {
  assertSameLength({ scores, lossMask });
  const centred = groupAdvantages(scores, groupIds, { normalizeByStd: false });
  const perToken = lossMask.map((row, index) => Array.from(row, () => centred[index]!));
  return masked(whitenMasked(perToken, lossMask), lossMask);
}

function masked(rows: readonly (readonly number[])[], lossMask: Rows): number[][] {
  return rows.map((row, index) => row.map((value, t) => (lossMask[index]![t] === 1 ? value : 0)));
}
