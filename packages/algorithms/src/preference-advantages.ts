import { assertSameLength } from "@retool-ts/core";
import { groupMembers, type GroupId } from "./groups.js";

/** Inputs of {@link preferenceAdvantages}, one entry a sample. */
export interface PreferenceInputs {
  /** Scores, finite: of two samples of a group the one with the higher score is preferred. */
  readonly scores: readonly number[];
  readonly groupIds: readonly GroupId[];
  /** log π of each whole response, by the policy that learns. */
  readonly logProbs: readonly number[];
  /** log π of each whole response, by the reference. */
  readonly refLogProbs: readonly number[];
}

/**
 * Advantages whose policy gradient is that of DPO over all pairs of a group with different scores. The loss of a pair,
 *
 *     −log σ(β Δ),  Δ = log π(w) − log π_ref(w) − log π(l) + log π_ref(l)
 *
 * has the gradient −β σ(−β Δ) (∇log π(w) − ∇log π(l)). So a sample's advantage is the sum over its pairs of ± β σ(−β Δ), times samples over
 * pairs: with a ratio of 1 and the mean over samples of sums over tokens, the gradient is that of the mean over pairs.
 *
 * Rafailov et al., "Direct Preference Optimization", eq. 7 (https://arxiv.org/abs/2305.18290); with samples of the policy itself, as here,
 * online DPO (Guo et al., https://arxiv.org/abs/2402.04792).
 *
 * @param beta - β, above 0.
 * @returns one advantage per sample; 0 in groups whose scores are equal.
 */
export function preferenceAdvantages({ scores, groupIds, logProbs, refLogProbs }: PreferenceInputs, beta: number): number[] {
  assertSameLength({ scores, groupIds, logProbs, refLogProbs });
  const margin = logProbs.map((logProb, i) => logProb - refLogProbs[i]!);
  const advantages = new Array<number>(scores.length).fill(0);
  let pairs = 0;
  for (const members of groupMembers(scores, groupIds).values()) {
    for (const better of members) {
      for (const worse of members) {
        if (scores[better]! <= scores[worse]!) continue;
        const weight = beta / (1 + Math.exp(beta * (margin[better]! - margin[worse]!)));
        advantages[better]! += weight;
        advantages[worse]! -= weight;
        pairs++;
      }
    }
  }
  return pairs === 0 ? advantages : advantages.map((advantage) => (advantage * scores.length) / pairs);
}
