import * as tf from "@tensorflow/tfjs-core";
import { adopt, fusedKernels, type KernelContext } from "../kernels/wasm-kernels.js";

/** Log-probability of each target token and entropy of each distribution, both `[tokens]`. */
export interface TokenLogProbs {
  readonly logProbs: tf.Tensor1D;
  readonly entropies: tf.Tensor1D;
}

/**
 * log softmax(logits / temperature) at the targets, and the entropy of that distribution in nats.
 *
 * @param logits - `[tokens, vocab]`
 * @param targets - `[tokens]`, int32
 */
export function tokenLogProbs(logits: tf.Tensor2D, targets: tf.Tensor1D, { temperature }: { readonly temperature: number }): TokenLogProbs {
  const fused = fusedKernels();
  if (fused !== undefined) return fusedTokenLogProbs(fused, logits, targets, 1 / temperature);
  const [tokens, vocab] = logits.shape;
  const all = tf.logSoftmax(tf.mul(logits, 1 / temperature)); // [tokens, vocab]
  const chosen = tf.cast(tf.oneHot(targets, vocab), "float32");
  const logProbs = tf.reshape(tf.sum(tf.mul(all, chosen), 1), [tokens]) as tf.Tensor1D;
  return { logProbs, entropies: tf.neg(tf.sum(tf.mul(tf.exp(all), all), 1)) };
}

function fusedTokenLogProbs(
  { kernels, pointer, output, free }: KernelContext,
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  inverseTemperature: number,
): TokenLogProbs {
  const [tokens, vocab] = logits.shape;
  const bytes = tokens * 4;
  const op = tf.customGrad((x, save) => {
    const both = output(2, tokens); // log-probabilities, then entropies
    const logSumExp = output(tokens);
    const scratch = output(vocab);
    kernels.logProbsForward(
      pointer(x as tf.Tensor),
      pointer(targets),
      tokens,
      vocab,
      inverseTemperature,
      pointer(scratch),
      pointer(both),
      pointer(logSumExp),
      pointer(both) + bytes,
    );
    free(scratch);
    const value = adopt<tf.Rank.R2>(both);
    (save as tf.GradSaveFunc)([x as tf.Tensor, value, adopt(logSumExp), targets]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [savedX, savedBoth, savedLogSumExp, savedTargets] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        const dx = output(tokens, vocab);
        kernels.logProbsBackward(
          pointer(savedX),
          pointer(savedTargets),
          pointer(savedLogSumExp),
          pointer(savedBoth) + bytes,
          pointer(dy),
          pointer(dy) + bytes,
          tokens,
          vocab,
          inverseTemperature,
          pointer(dx),
        );
        return adopt(dx);
      },
    };
  });
  const both = op(logits) as tf.Tensor2D;
  return {
    logProbs: tf.reshape(tf.slice(both, [0, 0], [1, tokens]), [tokens]),
    entropies: tf.reshape(tf.slice(both, [1, 0], [1, tokens]), [tokens]),
  };
}
