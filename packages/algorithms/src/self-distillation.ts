import { assertSameLength } from "@retool-ts/core";

/** Log-probabilities that {@link selfDistillationAdvantages} compares; one row a rollout. */
export interface SelfDistillationInputs {
  /** log π(y_t | x, y_<t) by the weights that learn. */
  readonly logProbs: readonly ArrayLike<number>[];
  /** log π(y_t | x, f, y_<t) by the same weights, told f; undefined for a rollout of which there was nothing to tell. */
  readonly toldLogProbs: readonly (ArrayLike<number> | undefined)[];
  /** 1 = chosen by the policy. */
  readonly lossMask: readonly ArrayLike<number>[];
}

/**
 * Advantages of self-distillation: how much rather the policy would have chosen each of its tokens had it known what came of them,
 *
 *     A_t = log π(y_t | x, f, y_<t) − log π(y_t | x, y_<t)
 *
 * where f is feedback, such as the errors of its code and a right solution of the group. With one update a step, the expected policy
 * gradient is that of −Σ_t KL(π(· | x, y_<t) ‖ stopgrad π(· | x, f, y_<t)). 0 where the mask is 0, and in rollouts without feedback.
 *
 * Hübotter et al., "Reinforcement Learning via Self-Distillation" (https://arxiv.org/abs/2601.20802), SDPO, by sampled tokens.
 *
 * @returns one advantage a token, for each rollout.
 */
export function selfDistillationAdvantages({ logProbs, toldLogProbs, lossMask }: SelfDistillationInputs): Float32Array[] {
  assertSameLength({ logProbs, toldLogProbs, lossMask });
  return logProbs.map((row, i) => {
    const told = toldLogProbs[i];
    const advantages = new Float32Array(row.length);
    if (told === undefined) return advantages;
    assertSameLength({ logProbs: row, toldLogProbs: told, lossMask: lossMask[i]! });
    for (let t = 0; t < row.length; t++) if (lossMask[i]![t] === 1) advantages[t] = told[t]! - row[t]!;
    return advantages;
  });
}
