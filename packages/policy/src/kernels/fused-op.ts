import * as tf from "@tensorflow/tfjs-core";

/** The two halves of an operation. Both run outside of a gradient tape. */
export interface FusedOp<Inputs extends readonly tf.Tensor[], Saved extends readonly tf.Tensor[], R extends tf.Rank> {
  /** The value, and what the backward pass needs. */
  readonly forward: (inputs: NoInfer<Inputs>) => { readonly value: tf.Tensor<R>; readonly saved: Saved };
  /** The gradient of each input. */
  readonly backward: (dy: tf.Tensor<R>, saved: NoInfer<Saved>) => NoInfer<{ readonly [I in keyof Inputs]: tf.Tensor }>;
}

/** An operation with a gradient of its own, applied to its inputs. */
export function fusedOp<
  const Inputs extends readonly tf.Tensor[],
  const Saved extends readonly tf.Tensor[],
  R extends tf.Rank = tf.Rank.R2,
>(inputs: Inputs, { forward, backward }: FusedOp<Inputs, Saved, R>): tf.Tensor<R> {
  const op = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const { value, saved } = forward(args as unknown as Inputs);
    save([...saved]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => [...(backward(dy as tf.Tensor<R>, kept as unknown as Saved) as readonly tf.Tensor[])],
    };
  });
  return op(...inputs) as tf.Tensor<R>;
}
