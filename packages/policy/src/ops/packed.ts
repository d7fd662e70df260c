import * as tf from "@tensorflow/tfjs-core";

/**
 * Places of rows in a packed batch: tokens of all rows follow one another without padding, so that no work is spent on padding.
 */
export interface PackedLayout {
  /** Sum of all lengths. */
  readonly tokens: number;
  readonly rows: number;
  /** `[rows + 1]`, on the host: row r has tokens rowOffsets[r] to rowOffsets[r + 1]. */
  readonly rowOffsets: Int32Array;
  readonly maxLength: number;
  /** `[rows + 1]`, int32. */
  readonly rowOffsetsTensor: tf.Tensor1D;
  /** Position of each token in its sequence, `[tokens]`, int32. */
  readonly positions: tf.Tensor1D;
}

/**
 * Lays out rows of the given lengths.
 *
 * @param past - how many tokens of each row's sequence come before; default none.
 * @returns a layout whose tensors the caller disposes of with {@link disposeLayout}.
 */
export function packRows(lengths: readonly number[], past?: readonly number[]): PackedLayout {
  const rowOffsets = new Int32Array(lengths.length + 1);
  lengths.forEach((length, row) => (rowOffsets[row + 1] = rowOffsets[row]! + length));
  const tokens = rowOffsets[lengths.length]!;
  const positions = new Int32Array(tokens);
  lengths.forEach((length, row) => {
    for (let i = 0; i < length; i++) positions[rowOffsets[row]! + i] = (past?.[row] ?? 0) + i;
  });
  return {
    tokens,
    rows: lengths.length,
    rowOffsets,
    maxLength: lengths.reduce((longest, length) => Math.max(longest, length), 0),
    rowOffsetsTensor: tf.tensor1d(rowOffsets, "int32"),
    positions: tf.tensor1d(positions, "int32"),
  };
}

/** Frees a layout's tensors. */
export function disposeLayout(layout: PackedLayout): void {
  layout.rowOffsetsTensor.dispose();
  layout.positions.dispose();
}
