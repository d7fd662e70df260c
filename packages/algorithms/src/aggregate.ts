import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { assertTokenShapes, countedTokens, countTokens, maskTokens, type TokenTensor } from "./token-tensor.js";

/** Reduction of a loss per token to one number; see {@link aggregateLoss}. */
export type AggregationMode = "token-mean" | "seq-mean-token-sum" | "seq-mean-token-mean" | "seq-mean-token-sum-norm";

export interface AggregateOptions<T extends TokenTensor = TokenTensor> {
  readonly mode: AggregationMode;
  /**
   * Denominator N of the mode, taken over the whole optimizer step. Without it, N is that of this batch, which is right
   * only if the step is one batch. A packed batch needs it in every mode but `token-mean`.
   */
  readonly normalizer?: tf.Scalar | number;
  /** For `seq-mean-token-mean` on a packed batch: at each token, how many tokens of its sequence count. `[tokens]` */
  readonly tokensPerSequence?: T;
}

/**
 * Reduces a loss per token to a scalar: Σ wₜ Lₜ / N over the tokens whose mask is 1.
 *
 * | mode | wₜ | N over the optimizer step |
 * | --- | --- | --- |
 * | `token-mean` | 1 | tokens that count (DAPO, https://arxiv.org/abs/2503.14476, eq. 12) |
 * | `seq-mean-token-sum` | 1 | sequences with a token that counts |
 * | `seq-mean-token-mean` | 1 / (tokens of its sequence + 1e-8) | the same (GRPO, https://arxiv.org/abs/2402.03300, eq. 3) |
 * | `seq-mean-token-sum-norm` | 1 | a constant such as the longest response; default seqLen (Dr. GRPO, https://arxiv.org/abs/2503.20783) |
 *
 * Every mode is a sum over tokens divided by a constant, so micro-batches that share the step's `normalizer` add up to
 * the loss, and the gradient, of the whole step.
 *
 * @param lossPerToken - `[tokens]` or `[batch, seqLen]`; ignored where the mask is 0, even if not finite.
 * @param lossMask - the same shape; 1 = counts.
 * @returns `[]`. The caller disposes of it.
 */
export function aggregateLoss<T extends TokenTensor>(
  lossPerToken: T,
  lossMask: T,
  { mode, normalizer, tokensPerSequence }: AggregateOptions<T>,
): tf.Scalar {
  assertTokenShapes({ lossPerToken, lossMask, ...(tokensPerSequence && { tokensPerSequence }) });
  if (typeof normalizer === "number" && !(normalizer > 0 && normalizer < Infinity)) {
    throw new RetoolError("OPTION", `normalizer: expected a positive number, got ${normalizer}`);
  }
  return tf.tidy(() => {
    const masked = maskTokens(lossPerToken, lossMask);
    const weighted =
      mode === "seq-mean-token-mean"
        ? tf.div<T>(masked, tf.add(tokensPerSequence ?? countPerRow(lossMask, "tokensPerSequence"), 1e-8))
        : masked;
    return tf.div<tf.Scalar>(tf.sum<tf.Scalar>(weighted), normalizer ?? defaultNormalizer(lossMask, mode));
  });
}

function defaultNormalizer(lossMask: TokenTensor, mode: AggregationMode): tf.Scalar | number {
  switch (mode) {
    case "token-mean":
      return countTokens(lossMask);
    case "seq-mean-token-sum":
    case "seq-mean-token-mean":
      return countTokens(tf.squeeze<tf.Tensor1D>(countPerRow(lossMask, "normalizer"), [1])); // rows with a token: [batch]
    case "seq-mean-token-sum-norm":
      if (lossMask.rank === 1) throw missingOption("normalizer");
      return lossMask.shape[1]!;
  }
}

/** Tokens that count in each row, `[batch, 1]`; a packed batch has no rows, so there the option must say it. */
function countPerRow(lossMask: TokenTensor, option: string): tf.Tensor2D {
  if (lossMask.rank === 1) throw missingOption(option);
  return tf.sum<tf.Tensor2D>(countedTokens(lossMask), 1, true);
}

function missingOption(option: string): RetoolError {
  return new RetoolError("OPTION", `${option}: needed for this mode, because a packed [tokens] batch does not show its sequences`);
}
