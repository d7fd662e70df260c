import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "./stop-gradient.js";
import { assertTokenShapes, maskTokens, type TokenTensor } from "./token-tensor.js";

export interface ImportanceOptions {
  /** Largest weight C. */
  readonly cap: number;
}

/**
 * Truncated importance weights for a sampler whose probabilities differ from the trainer's: min(π_train / π_sampler, C).
 *
 * Multiply the loss per token by them before aggregation. With one engine for sampling and training they are 1.
 *
 * Yao et al., "Your Efficient RL Framework Secretly Brings You Off-Policy RL Training"
 * (https://fengyao.notion.site/off-policy-rl); the truncation goes back to Ionides, "Truncated Importance Sampling"
 * (2008).
 *
 * @param trainerLogProbs - log-probs of the sampled tokens by the training forward with the sampling weights, `[tokens]`
 * or `[batch, seqLen]`.
 * @param samplerLogProbs - as the sampler saw them, the same shape.
 * @param lossMask - the same shape; where it is 0 the weight is 0.
 * @returns weights in the shape of the inputs, through which no gradient flows. The caller disposes of it.
 */
export function truncatedImportanceWeights<T extends TokenTensor>(
  trainerLogProbs: T,
  samplerLogProbs: T,
  lossMask: T,
  { cap }: ImportanceOptions,
): T {
  assertTokenShapes({ trainerLogProbs, samplerLogProbs, lossMask });
  return tf.tidy(() => {
    const logRatio = tf.sub<T>(maskTokens(trainerLogProbs, lossMask), maskTokens(samplerLogProbs, lossMask));
    const weight = tf.exp<T>(tf.minimum<T>(logRatio, Math.log(cap)));
    return stopGradient(maskTokens(weight, lossMask));
  });
}
