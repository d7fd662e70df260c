import * as tf from "@tensorflow/tfjs-core";
import { fusedOp } from "../kernels/fused-op.js";
import { fusedKernels, wrap, type KernelContext } from "../kernels/kernel-context.js";
import { NULL, type Pointer } from "../kernels/pointer.js";
import type { RopeScaling } from "../rope-scaling.js";
import type { HeadShape } from "./heads.js";
import { ropeFrequencies } from "./rope-frequencies.js";

/** Cosines and sines of position · frequency, times the attention factor of YaRN, `[positions, headDim / 2]` each. */
export interface RotaryTables {
  readonly cosines: tf.Tensor2D;
  readonly sines: tf.Tensor2D;
}

/**
 * Tables for rotary position embedding, computed in double precision.
 *
 * See Su et al., "RoFormer" (https://arxiv.org/abs/2104.09864), section 3.2.2. The caller disposes of both tensors.
 */
export function rotaryTables(positions: number, headDim: number, theta: number, scaling?: RopeScaling): RotaryTables {
  const half = headDim / 2;
  const frequencies = ropeFrequencies(headDim, theta, scaling);
  const factor = scaling?.type === "yarn" ? scaling.attentionFactor : 1;
  const cosines = new Float32Array(positions * half);
  const sines = new Float32Array(positions * half);
  for (let i = 0; i < half; i++) {
    const frequency = frequencies[i]!;
    for (let position = 0; position < positions; position++) {
      cosines[position * half + i] = factor * Math.cos(position * frequency);
      sines[position * half + i] = factor * Math.sin(position * frequency);
    }
  }
  return { cosines: tf.tensor2d(cosines, [positions, half]), sines: tf.tensor2d(sines, [positions, half]) };
}

/** RMS norm weights of query and key heads, `[headDim]` each (Qwen3). */
export interface QueryKeyNorm {
  readonly query: tf.Tensor1D;
  readonly key: tf.Tensor1D;
}

/** Heads, and what the RMS norm adds to the mean square. */
export interface RotaryOptions extends HeadShape {
  readonly epsilon: number;
}

/**
 * Normalises (if asked) and rotates the query and key heads of a packed projection; value heads pass unchanged. Pairs are
 * (i, i + headDim/2), as in Hugging Face checkpoints.
 *
 * @param qkv - `[tokens, (heads + 2·kvHeads)·headDim]`
 * @param positions - `[tokens]`, int32
 * @returns the same shape as `qkv`
 */
export function rotary(
  qkv: tf.Tensor2D,
  positions: tf.Tensor1D,
  tables: RotaryTables,
  norm: QueryKeyNorm | undefined,
  options: RotaryOptions,
): tf.Tensor2D {
  const fused = fusedKernels();
  return fused === undefined
    ? portableRotary(qkv, positions, tables, norm, options)
    : fusedRotary(fused, qkv, positions, tables, norm, options);
}

function portableRotary(
  qkv: tf.Tensor2D,
  positions: tf.Tensor1D,
  tables: RotaryTables,
  norm: QueryKeyNorm | undefined,
  { heads, kvHeads, headDim, epsilon }: RotaryOptions,
): tf.Tensor2D {
  const tokens = qkv.shape[0];
  const half = headDim / 2;
  const cosine = tf.reshape(tf.gather(tables.cosines, positions), [tokens, 1, half]);
  const sine = tf.reshape(tf.gather(tables.sines, positions), [tokens, 1, half]);
  const rotate = (first: number, count: number, weight: tf.Tensor1D | undefined) => {
    let x = tf.reshape(tf.slice(qkv, [0, first * headDim], [tokens, count * headDim]), [tokens, count, headDim]);
    if (weight !== undefined) {
      const meanSquare = tf.mul(tf.sum(tf.square(x), 2, true), 1 / headDim); // [tokens, count, 1]
      x = tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon))), weight);
    }
    const a = tf.slice(x, [0, 0, 0], [tokens, count, half]);
    const b = tf.slice(x, [0, 0, half], [tokens, count, half]);
    const rotated = tf.concat([tf.sub(tf.mul(a, cosine), tf.mul(b, sine)), tf.add(tf.mul(b, cosine), tf.mul(a, sine))], 2);
    return tf.reshape(rotated, [tokens, count * headDim]);
  };
  const values = tf.slice(qkv, [0, (heads + kvHeads) * headDim], [tokens, kvHeads * headDim]);
  const rotated =
    norm === undefined ? [rotate(0, heads + kvHeads, undefined)] : [rotate(0, heads, norm.query), rotate(heads, kvHeads, norm.key)];
  return tf.concat([...rotated, values], 1) as tf.Tensor2D;
}

function fusedRotary(
  { kernels, pointer, output }: KernelContext,
  qkv: tf.Tensor2D,
  positions: tf.Tensor1D,
  tables: RotaryTables,
  norm: QueryKeyNorm | undefined,
  { heads, kvHeads, headDim, epsilon }: RotaryOptions,
): tf.Tensor2D {
  const [tokens, width] = qkv.shape;
  const angles = () => [pointer(tables.cosines), pointer(tables.sines), pointer(positions)] as const;
  const shape = [tokens, heads, kvHeads, headDim] as const;
  const forward = (x: tf.Tensor, query: Pointer, key: Pointer) => {
    const y = output(tokens, width);
    const rstd = output(tokens, norm === undefined ? 1 : heads + kvHeads);
    kernels.rotaryForward(pointer(x), query, key, ...angles(), ...shape, epsilon, pointer(y), pointer(rstd));
    return { y: wrap<tf.Rank.R2>(y), rstd: wrap(rstd) };
  };
  const backward = (x: tf.Tensor, query: Pointer, key: Pointer, rstd: Pointer, dy: tf.Tensor, dquery: Pointer, dkey: Pointer) => {
    const dx = output(tokens, width);
    kernels.rotaryBackward(pointer(x), query, key, ...angles(), rstd, pointer(dy), ...shape, pointer(dx), dquery, dkey);
    return wrap(dx);
  };
  if (norm === undefined) {
    return fusedOp([qkv], {
      forward: ([x]) => ({ value: forward(x, NULL, NULL).y, saved: [x] }),
      backward: (dy, [x]) => [backward(x, NULL, NULL, NULL, dy, NULL, NULL)],
    });
  }
  return fusedOp([qkv, norm.query, norm.key], {
    forward: ([x, query, key]) => {
      const { y, rstd } = forward(x, pointer(query), pointer(key));
      return { value: y, saved: [x, query, key, rstd] };
    },
    backward: (dy, [x, query, key, rstd]) => {
      const dquery = output(headDim);
      const dkey = output(headDim);
      const dx = backward(x, pointer(query), pointer(key), pointer(rstd), dy, pointer(dquery), pointer(dkey));
      return [dx, wrap(dquery), wrap(dkey)];
    },
  });
}
