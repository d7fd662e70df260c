import * as tf from "@tensorflow/tfjs-core";
import { assertTokenShapes, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Options of {@link entropyBonus}. */
export interface EntropyBonusOptions {
  /** β_H: how much of a loss one nat of entropy is worth. */
  readonly entropyCoef: number;
}

/**
 * The entropy bonus as a loss, token by token: −β_H · H. Add it to the policy loss before aggregation.
 *
 * Williams and Peng, "Function Optimization Using Connectionist Reinforcement Learning Algorithms" (1991); in PPO it is
 * the last term of eq. 9 (https://arxiv.org/abs/1707.06347).
 *
 * @param entropy - H of the next-token distribution, `[tokens]` or `[batch, seqLen]`; the gradient flows through it.
 * @param lossMask - the same shape; where it is 0, the bonus and its gradient are 0.
 * @returns the bonus in the shape of the inputs. The caller disposes of it.
 */
export function entropyBonus<T extends TokenTensor>(entropy: T, lossMask: T, { entropyCoef }: EntropyBonusOptions): T {
  assertTokenShapes({ entropy, lossMask });
  return tf.tidy(() => tf.mul<T>(maskTokens(entropy, lossMask), -entropyCoef));
}
