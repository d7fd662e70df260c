import * as tf from "@tensorflow/tfjs-core";
import type { PackedRows } from "../src/index.js";

/** Sequences of a packed batch. The caller's tidy frees it. */
export function packedRows(rowOfToken: readonly number[], rowCount = Math.max(...rowOfToken) + 1): PackedRows {
  return { rowOfToken: tf.tensor1d([...rowOfToken], "int32"), rowCount };
}

/** A vector of floats. */
export function vector(values: readonly number[]): tf.Tensor1D {
  return tf.tensor1d([...values], "float32");
}
