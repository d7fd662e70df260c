import * as tf from "@tensorflow/tfjs-core";
import { freeAlongTheWay, ownTape } from "./tape.js";

/**
 * y = f(x), of which only x is kept for the backward pass; that one computes f a second time.
 *
 * See Chen et al., "Training Deep Nets with Sublinear Memory Cost" (https://arxiv.org/abs/1604.06174).
 *
 * @param f - a pure function; called in the forward pass and again in the backward pass
 * @param variables - what f reads besides x and gradients flow to
 */
export function recompute(f: (x: tf.Tensor2D) => tf.Tensor2D, x: tf.Tensor2D, variables: readonly tf.Tensor[]): tf.Tensor2D {
  const op = tf.customGrad((...args) => {
    const input = args[0] as tf.Tensor2D;
    (args.at(-1) as tf.GradSaveFunc)([input]);
    return {
      value: tf.tidy(() => f(input)),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) =>
        ownTape(() => gradients(() => f(saved as tf.Tensor2D), [saved!, ...variables], dy)),
    };
  });
  return op(x, ...variables) as tf.Tensor2D;
}

/** Gradients of y = f() in each of `xs`; everything else that f makes is freed. */
function gradients(f: () => tf.Tensor2D, xs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const recorded = () => {
    const y = f();
    freeAlongTheWay();
    return y;
  };
  return tf.tidy(() => tf.engine().gradients(recorded, xs, dy as tf.Tensor2D).grads);
}
