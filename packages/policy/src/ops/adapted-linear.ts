import * as tf from "@tensorflow/tfjs-core";
import { fusedOp } from "../kernels/fused-op.js";
import { fusedKernels, wrap, type KernelContext } from "../kernels/kernel-context.js";
import { floatsAfter } from "../kernels/pointer.js";
import { dropout, maskTensor, type DropoutMask } from "./dropout.js";
import { linear, outerSum, product } from "./linear.js";
import type { PackedLayout } from "./packed.js";

/** A low-rank matrix that is added to some columns of a weight. */
export interface ColumnAdapter {
  /** `[inputs, rank]` */
  readonly a: tf.Tensor2D;
  /** `[rank, outputs]` */
  readonly b: tf.Tensor2D;
  /** First column of the weight that it is added to. */
  readonly column: number;
  /** Zeroes inputs of A; absent: none. */
  readonly mask?: DropoutMask | undefined;
}

/**
 * y = x·w, with scale·dropout(x)·A·B added to the columns of each adapter. No gradient of `w` is computed.
 *
 * See Hu et al., "LoRA" (https://arxiv.org/abs/2106.09685), eq. 3.
 *
 * @param x - `[tokens, inputs]`
 * @param w - `[inputs, outputs]`, a frozen variable
 * @param multiply - makes x·w, where no gradient is wanted
 * @returns `[tokens, outputs]`
 */
export function adaptedLinear(
  x: tf.Tensor2D,
  w: tf.Tensor2D,
  adapters: readonly ColumnAdapter[],
  layout: PackedLayout,
  scale: number,
  multiply: Multiply = linear,
): tf.Tensor2D {
  if (adapters.length === 0) return multiply(x, w);
  const fused = fusedKernels();
  const asked = { x, w, adapters, layout, scale, multiply };
  return fused === undefined ? portable(asked) : fusedAdaptedLinear(fused, asked);
}

type Multiply = (x: tf.Tensor2D, w: tf.Tensor2D) => tf.Tensor2D;

/** A product, as both ways of it are asked for. */
interface AdaptedProduct {
  readonly x: tf.Tensor2D;
  readonly w: tf.Tensor2D;
  readonly adapters: readonly ColumnAdapter[];
  readonly layout: PackedLayout;
  readonly scale: number;
  readonly multiply: Multiply;
}

function portable({ x, w, adapters, layout, scale, multiply }: AdaptedProduct): tf.Tensor2D {
  return adapters.reduce<tf.Tensor2D>(
    (y, { a, b, column, mask }) => {
      const kept = mask === undefined ? x : tf.mul<tf.Tensor2D>(x, maskTensor(layout, x.shape[1], mask));
      const delta = tf.mul<tf.Tensor2D>(tf.matMul(tf.matMul(kept, a), b), scale); // [tokens, columns of the adapter]
      const after = w.shape[1] - column - b.shape[1];
      return tf.add(y, tf.pad(delta, [[0, 0], [column, after]])); // prettier-ignore
    },
    multiply(x, w),
  );
}

function fusedAdaptedLinear(context: KernelContext, { x, w, adapters, layout, scale, multiply }: AdaptedProduct): tf.Tensor2D {
  const [rows, inputs] = x.shape;
  const outputs = w.shape[1];
  const { kernels, pointer } = context;
  const gradients = (dy: tf.Tensor, input: tf.Tensor2D): readonly [tf.Tensor, ...tf.Tensor[]] => {
    const dx = product(context, dy, w, rows, outputs, inputs, true);
    const ofAdapters = adapters.flatMap(({ a, b, column, mask }) => {
      const [rank, columns] = b.shape;
      return tf.tidy(() => {
        const dDelta = wrap<tf.Rank.R2>(context.output(rows, columns));
        kernels.takeColumns(floatsAfter(pointer(dy), column), outputs, rows, columns, scale, pointer(dDelta));
        const dMiddle = product(context, dDelta, b, rows, columns, rank, true); // [tokens, rank]
        const kept = mask === undefined ? input : dropout(input, layout, mask);
        const middle = product(context, kept, a, rows, inputs, rank, false); // [tokens, rank]
        const dKept = product(context, dMiddle, a, rows, rank, inputs, true); // [tokens, inputs]
        const dInput = mask === undefined ? dKept : dropout(dKept, layout, mask);
        kernels.accumulate(pointer(dx), pointer(dInput), dx.size);
        return [outerSum(context, kept, dMiddle, inputs, rank), outerSum(context, middle, dDelta, rank, columns)];
      });
    });
    return [dx, ...ofAdapters];
  };
  return fusedOp([x, ...adapters.flatMap(({ a, b }) => [a, b])] as const, {
    forward: ([input]) => {
      const y = multiply(input as tf.Tensor2D, w);
      for (const { a, b, column, mask } of adapters) {
        const [rank, columns] = b.shape;
        tf.tidy(() => {
          const kept = mask === undefined ? input : dropout(input, layout, mask);
          const delta = product(context, product(context, kept, a, rows, inputs, rank, false), b, rows, rank, columns, false);
          kernels.addColumns(pointer(delta), rows, columns, scale, floatsAfter(pointer(y), column), outputs);
        });
      }
      return { value: y, saved: [input] };
    },
    backward: (dy, [input]) => gradients(dy, input),
  });
}
