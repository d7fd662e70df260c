import * as tf from "@tensorflow/tfjs-core";
import { fusedOp } from "../kernels/fused-op.js";
import { fusedKernels, wrap, type KernelContext } from "../kernels/kernel-context.js";
import { floatsAfter, type Pointer } from "../kernels/pointer.js";

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

/**
 * Gradient in the logits of Σ dLogProbs·logProbs + dEntropies·entropies, as {@link tokenLogProbs} has them. Outside of a gradient tape.
 *
 * With p the probabilities: ∂logProb/∂logit = (1[target] − p)/T and ∂entropy/∂logit = −p·(log p + entropy)/T.
 *
 * @param dLogProbs - `[tokens]`, and so is `dEntropies`
 * @returns `[tokens, vocab]`
 */
export function logitsGradient(
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  dLogProbs: tf.Tensor1D,
  dEntropies: tf.Tensor1D,
  { temperature }: { readonly temperature: number },
): tf.Tensor2D {
  const fused = fusedKernels();
  if (fused !== undefined) {
    const saved = fusedForward(fused, logits, targets, 1 / temperature);
    const dx = fusedBackward(fused, logits, targets, saved, fused.pointer(dLogProbs), fused.pointer(dEntropies), 1 / temperature);
    tf.dispose([saved.both, saved.logSumExp]);
    return dx;
  }
  return tf.tidy(() => {
    const all = tf.logSoftmax(tf.mul(logits, 1 / temperature)); // [tokens, vocab]
    const probabilities = tf.exp(all);
    const entropies = tf.neg(tf.sum(tf.mul(probabilities, all), 1, true)); // [tokens, 1]
    const column = (x: tf.Tensor1D) => tf.expandDims(x, 1);
    const slope = tf.add(tf.mul(tf.add(all, entropies), column(dEntropies)), column(dLogProbs));
    const chosen = tf.mul(tf.cast(tf.oneHot(targets, logits.shape[1]), "float32"), column(dLogProbs));
    return tf.mul<tf.Tensor2D>(tf.sub(chosen, tf.mul(probabilities, slope)), 1 / temperature);
  });
}

/** Results of the forward kernel that the backward one needs. */
interface ForwardResult {
  /** Log-probabilities, then entropies: `[2, tokens]`. */
  readonly both: tf.Tensor2D;
  readonly logSumExp: tf.Tensor1D;
}

function fusedForward(
  { kernels, pointer, output }: KernelContext,
  logits: tf.Tensor,
  targets: tf.Tensor,
  inverseTemperature: number,
): ForwardResult {
  const [tokens, vocab] = logits.shape as [number, number];
  const both = output(2, tokens);
  const logSumExp = output(tokens);
  kernels.logProbsForward(
    pointer(logits),
    pointer(targets),
    tokens,
    vocab,
    inverseTemperature,
    pointer(both),
    pointer(logSumExp),
    floatsAfter(pointer(both), tokens),
  );
  return { both: wrap<tf.Rank.R2>(both), logSumExp: wrap<tf.Rank.R1>(logSumExp) };
}

function fusedBackward(
  { kernels, pointer, output }: KernelContext,
  logits: tf.Tensor,
  targets: tf.Tensor,
  { both, logSumExp }: ForwardResult,
  dLogProbs: Pointer,
  dEntropies: Pointer,
  inverseTemperature: number,
): tf.Tensor2D {
  const [tokens, vocab] = logits.shape as [number, number];
  const dx = output(tokens, vocab);
  kernels.logProbsBackward(
    pointer(logits),
    pointer(targets),
    pointer(logSumExp),
    floatsAfter(pointer(both), tokens),
    dLogProbs,
    dEntropies,
    tokens,
    vocab,
    inverseTemperature,
    pointer(dx),
  );
  return wrap<tf.Rank.R2>(dx);
}

function fusedTokenLogProbs(context: KernelContext, logits: tf.Tensor2D, targets: tf.Tensor1D, inverseTemperature: number): TokenLogProbs {
  const [tokens] = logits.shape;
  const both = fusedOp([logits], {
    forward: ([x]) => {
      const { both: value, logSumExp } = fusedForward(context, x, targets, inverseTemperature);
      return { value, saved: [x, value, logSumExp, targets] };
    },
    backward: (dy, [x, savedBoth, logSumExp, savedTargets]) => {
      const dLogProbs = context.pointer(dy);
      const dEntropies = floatsAfter(dLogProbs, tokens);
      return [fusedBackward(context, x, savedTargets, { both: savedBoth, logSumExp }, dLogProbs, dEntropies, inverseTemperature)];
    },
  });
  return {
    logProbs: tf.reshape(tf.slice(both, [0, 0], [1, tokens]), [tokens]),
    entropies: tf.reshape(tf.slice(both, [1, 0], [1, tokens]), [tokens]),
  };
}
