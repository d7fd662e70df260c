import { assertShape, RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { countedTokens, assertTokenShapes, maskTokens, type TokenTensor } from "./token-tensor.js";

/** The sequence of each token of a packed batch; every sequence must be whole. */
export interface PackedRows {
  /** Index of the sequence, from 0, in any order. `[tokens]` */
  readonly rowOfToken: tf.Tensor1D;
  /** Number of sequences; an upper bound will do. */
  readonly rowCount: number;
}

/** Checks shapes, and that a packed batch says where its sequences are. */
export function assertSequenceShapes(tensors: Readonly<Record<string, TokenTensor>>, rows: PackedRows | undefined): void {
  assertTokenShapes(tensors);
  const first = Object.values(tensors)[0]!;
  if (first.rank !== 1) return;
  if (rows === undefined) throw new RetoolError("OPTION", "rows: needed, because a packed [tokens] batch does not show its sequences");
  if (!Number.isSafeInteger(rows.rowCount) || rows.rowCount < 1) {
    throw new RetoolError("OPTION", `rows.rowCount: expected a whole number from 1, got ${rows.rowCount}`);
  }
  assertShape("rows.rowOfToken", rows.rowOfToken, [first.shape[0]!]);
}

/**
 * At each token, the sum of `x` over the tokens of its sequence whose mask is 1; the shape of `x`.
 *
 * A packed batch is summed by membership, `[rows, tokens]`, with elementwise operations and sums alone. Tokens are selected, not
 * multiplied: an infinity reaches its own sequence only.
 */
export function sequenceSum<T extends TokenTensor>(x: T, lossMask: T, rows: PackedRows | undefined): T {
  const counted = maskTokens(x, lossMask);
  if (counted.rank === 2 || rows === undefined) {
    const perRow = tf.sum(counted, 1, true); // [batch, 1]
    return tf.add<T>(tf.zerosLike(counted), perRow); // [batch, seqLen]
  }
  const index = tf.reshape(tf.cast(rows.rowOfToken, "float32"), [1, -1]); // [1, tokens]
  const row = tf.reshape(tf.range(0, rows.rowCount, 1, "float32"), [-1, 1]); // [rows, 1]
  const isMember = tf.equal(index, row); // [rows, tokens]
  const select = (values: tf.Tensor) => tf.where(isMember, values, 0); // [rows, tokens]
  const perRow = tf.sum(select(counted), 1, true); // [rows, 1]
  return tf.sum<T>(select(perRow), 0); // [tokens]
}

/** At each token, the mean of `x` over the tokens of its sequence whose mask is 1; 0 in a sequence without one. */
export function sequenceMean<T extends TokenTensor>(x: T, lossMask: T, rows: PackedRows | undefined): T {
  const count = sequenceSum(countedTokens(lossMask), lossMask, rows);
  return tf.div<T>(sequenceSum(x, lossMask, rows), tf.maximum(count, 1));
}
