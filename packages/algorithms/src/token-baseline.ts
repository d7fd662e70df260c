import { assertSameLength, RetoolError } from "@retool-ts/core";
import type { Rows } from "./gae.js";
import { groupMembers, type GroupId } from "./groups.js";

/** Inputs of {@link optimalTokenBaselineAdvantages}: rows of the length of each response. */
export interface TokenBaselineInputs {
  /** Reward of each token. */
  readonly rewards: Rows;
  /** 1 = chosen by the policy. Tokens of tools are stepped over. */
  readonly lossMask: Rows;
  /** log π of each token under the policy that sampled. */
  readonly logProbs: Rows;
  /** Σ π² over the vocabulary at each token: the probability that two draws agree. */
  readonly squaredProbabilities: Rows;
}

/** Options of {@link optimalTokenBaselineAdvantages}. */
export interface TokenBaselineOptions {
  /** Added to the denominator. Default 1e-8. */
  readonly epsilon?: number;
}

/**
 * Advantages with the optimal token baseline: at each token a baseline of its own, the group's returns weighted by the gradient noise
 * that each response has gathered until then,
 *
 *     B_t = Σᵢ Gᵢₜ Wᵢₜ / Σᵢ Wᵢₜ,  W_t = Σ_{j ≤ t} (1 − 2 π_j + Σ π²),  A_t = G_t − B_t
 *
 * where G is the sum of rewards to come and 1 − 2π + Σπ² the squared norm of a token's gradient in its logits. t counts the policy's own
 * tokens, so that the text of tools moves nothing: the paper's form for tool-integrated reasoning. Where one response of a group has
 * outlived all others there is nothing to compare it with, and the baseline is 0; so it is in groups of one.
 *
 * Li et al., "The Optimal Token Baseline" (https://arxiv.org/abs/2602.07078), in the form of verl's `tir_optimal_token_baseline`.
 *
 * @param inputs - rows of numbers, one a sample.
 * @param groupIds - the group of each sample, in any order.
 * @returns rows of advantages, 0 where the mask is 0.
 */
export function optimalTokenBaselineAdvantages(
  { rewards, lossMask, logProbs, squaredProbabilities }: TokenBaselineInputs,
  groupIds: readonly GroupId[],
  { epsilon = 1e-8 }: TokenBaselineOptions = {},
): number[][] {
  assertSameLength({ rewards, lossMask, logProbs, squaredProbabilities, groupIds });
  const paths = rewards.map((row, i) => pathOf(row, lossMask[i]!, logProbs[i]!, squaredProbabilities[i]!));
  const advantages = rewards.map((row) => Array.from<number>({ length: row.length }).fill(0));
  for (const members of groupMembers(
    groupIds.map(() => 0),
    groupIds,
  ).values()) {
    const longest = Math.max(...members.map((i) => paths[i]!.places.length));
    for (let t = 0; t < longest; t++) {
      const alive = members.filter((i) => paths[i]!.places.length > t);
      const sum = (valueOf: (path: Path) => number) => alive.reduce((total, i) => total + valueOf(paths[i]!), 0);
      const weighted = sum(({ returns, energy }) => returns[t]! * energy[t]!);
      const baseline = alive.length === 1 ? 0 : weighted / (sum(({ energy }) => energy[t]!) + epsilon);
      for (const i of alive) advantages[i]![paths[i]!.places[t]!] = paths[i]!.returns[t]! - baseline;
    }
  }
  return advantages;
}

/** A response's own tokens: their places, the rewards to come, and W. */
interface Path {
  readonly places: readonly number[];
  readonly returns: readonly number[];
  readonly energy: readonly number[];
}

function pathOf(
  rewards: ArrayLike<number>,
  mask: ArrayLike<number>,
  logProbs: ArrayLike<number>,
  squaredProbabilities: ArrayLike<number>,
): Path {
  for (const [name, row] of Object.entries({ lossMask: mask, logProbs, squaredProbabilities })) {
    if (row.length !== rewards.length) throw new RetoolError("SHAPE", `${name}: expected ${rewards.length} tokens, as in rewards, got ${row.length}`); // prettier-ignore
  }
  const places = Array.from(mask).flatMap((value, t) => (value === 0 ? [] : [t]));
  let gathered = 0;
  const energy = places.map((t) => (gathered += 1 - 2 * Math.exp(logProbs[t]!) + squaredProbabilities[t]!));
  let toCome = 0;
  const returns = places.toReversed().map((t) => (toCome += rewards[t]!));
  return { places, returns: returns.toReversed(), energy };
}
