import * as tf from "@tensorflow/tfjs-core";
import { fusedOp } from "../kernels/fused-op.js";
import { fusedKernels, wrap, type KernelContext } from "../kernels/kernel-context.js";

/**
 * y = x·w.
 *
 * @param x - `[tokens, inputs]`
 * @param w - `[inputs, outputs]`
 * @returns `[tokens, outputs]`
 */
export function linear(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  const fused = fusedKernels();
  return fused === undefined ? tf.matMul(x, w) : fusedLinear(fused, x, w, false);
}

/**
 * y = x·wᵀ: the output head, whose weight has a row a token.
 *
 * @param x - `[tokens, width]`
 * @param w - `[outputs, width]`
 * @returns `[tokens, outputs]`
 */
export function linearTransposed(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  const fused = fusedKernels();
  return fused === undefined ? tf.matMul(x, w, false, true) : fusedLinear(fused, x, w, true);
}

/** True for a variable that training leaves alone, so that no gradient of it is computed. */
export function isFrozen(w: tf.Tensor): boolean {
  return w instanceof tf.Variable && !w.trainable;
}

/** Both products with our own kernels: the wasm backend's are ten times slower where an operand is transposed, as in gradients. */
function fusedLinear(context: KernelContext, x: tf.Tensor2D, w: tf.Tensor2D, transposed: boolean): tf.Tensor2D {
  const [rows, inner] = x.shape;
  const columns = transposed ? w.shape[0] : w.shape[1];
  if (isFrozen(w)) {
    return fusedOp([x], {
      forward: ([left]) => ({ value: product(context, left, w, rows, inner, columns, transposed), saved: [] }),
      backward: (dy) => [product(context, dy, w, rows, columns, inner, !transposed)],
    });
  }
  return fusedOp([x, w], {
    forward: ([left, right]) => ({ value: product(context, left, right, rows, inner, columns, transposed), saved: [left, right] }),
    backward: (dy, [savedX, savedW]) => [
      product(context, dy, savedW, rows, columns, inner, !transposed),
      transposed ? outerSum(context, dy, savedX, columns, inner) : outerSum(context, savedX, dy, inner, columns),
    ],
  });
}

/**
 * total + aᵀ·b, the gradient of a weight over further rows. Outside of a gradient tape.
 *
 * @param total - `[outputs, inputs]`; it is consumed
 * @param a - `[rows, outputs]`
 * @param b - `[rows, inputs]`
 * @returns `[outputs, inputs]`
 */
export function takeAddOuterSum(total: tf.Tensor2D, a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const fused = fusedKernels();
  if (fused === undefined) {
    const sum = tf.tidy(() => tf.add(total, tf.matMul(a, b, true)));
    total.dispose();
    return sum as tf.Tensor2D;
  }
  addOuterSum(fused, a, b, total);
  return total;
}

/** left [rows, inner]·right, with right [inner, columns], or [columns, inner] where it is to be transposed. Outside of a gradient tape. */
export function product(
  { kernels, pointer, output }: KernelContext,
  left: tf.Tensor,
  right: tf.Tensor,
  rows: number,
  inner: number,
  columns: number,
  transposed: boolean,
): tf.Tensor2D {
  const result = output(rows, columns);
  const [strideK, strideN] = transposed ? [1, inner] : [columns, 1];
  kernels.matmul(pointer(left), pointer(right), strideK, strideN, pointer(result), rows, columns, inner);
  return wrap<tf.Rank.R2>(result);
}

/** Σ over rows of a[row]ᵀ·b[row]: `[inputs, outputs]`. Outside of a gradient tape. */
export function outerSum(context: KernelContext, a: tf.Tensor, b: tf.Tensor, inputs: number, outputs: number): tf.Tensor2D {
  const result = wrap<tf.Rank.R2>(context.zeros(inputs, outputs));
  addOuterSum(context, a, b, result);
  return result;
}

/** Adds Σ over rows of a[row]ᵀ·b[row] to `[inputs, outputs]` in place. */
function addOuterSum({ kernels, pointer }: KernelContext, a: tf.Tensor, b: tf.Tensor, total: tf.Tensor2D): void {
  const [inputs, outputs] = total.shape;
  kernels.weightGradient(pointer(a), pointer(b), a.size / inputs, inputs, outputs, pointer(total));
}
