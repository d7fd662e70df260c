import { assertSameLength, RetoolError } from "@retool-ts/core";
import type { TrainingRow } from "@retool-ts/engine";
import * as tf from "@tensorflow/tfjs-core";
import { disposeLayout, packRows, type PackedLayout } from "./ops/packed.js";

/** Rows of one forward pass on the device: packed tokens, and the places whose next token enters the loss. */
export interface PackedBatch {
  readonly layout: PackedLayout;
  /** `[tokens]`, int32. */
  readonly tokenIds: tf.Tensor1D;
  /** `[targets]`, int32: packed place whose hidden state predicts the target. */
  readonly sources: tf.Tensor1D;
  /** `[targets]`, int32: the tokens to predict. */
  readonly targets: tf.Tensor1D;
  /** `[targets]`, int32: which row each target is in. */
  readonly rowOfTarget: tf.Tensor1D;
  /** `[targets]` each. */
  readonly fields: Readonly<Record<string, tf.Tensor1D>>;
  /** Row and place in the row of each target, on the host. */
  readonly places: readonly { readonly row: number; readonly token: number }[];
}

/**
 * Puts rows on the device. The caller disposes of the result with {@link disposeBatch}.
 *
 * @throws ShapeError when the arrays of a row differ in length; RetoolError when rows differ in the names of their fields.
 */
export function packTrainingRows(rows: readonly TrainingRow[]): PackedBatch {
  const names = Object.keys(rows[0]?.fields ?? {});
  rows.forEach(({ tokenIds, lossMask, fields = {} }, row) => {
    assertSameLength({ tokenIds, lossMask, ...fields });
    const own = Object.keys(fields);
    if (own.length === names.length && names.every((name) => own.includes(name))) return;
    throw new RetoolError("FIELDS", `rows[${row}].fields: expected ${names.join(", ") || "none"}, got ${own.join(", ") || "none"}`);
  });
  const layout = packRows(rows.map(({ tokenIds }) => tokenIds.length));
  const ids = new Int32Array(layout.tokens);
  const places: { row: number; token: number }[] = [];
  rows.forEach(({ tokenIds, lossMask }, row) => {
    ids.set(Array.from(tokenIds), layout.rowOffsets[row]!);
    for (let token = 1; token < tokenIds.length; token++) if (lossMask[token]) places.push({ row, token });
  });
  const column = (value: (place: { row: number; token: number }) => number) => places.map(value);
  const field = (name: string) => {
    const values = rows.map(({ fields }) => fields![name]!); // once a row: some are made when they are read
    return tf.tensor1d(Float32Array.from(column(({ row, token }) => values[row]![token]!)));
  };
  return {
    layout,
    tokenIds: tf.tensor1d(ids, "int32"),
    sources: tf.tensor1d(
      column(({ row, token }) => layout.rowOffsets[row]! + token - 1),
      "int32",
    ),
    targets: tf.tensor1d(
      column(({ row, token }) => rows[row]!.tokenIds[token]!),
      "int32",
    ),
    rowOfTarget: tf.tensor1d(
      column(({ row }) => row),
      "int32",
    ),
    fields: Object.fromEntries(names.map((name) => [name, field(name)])),
    places,
  };
}

/** Frees what {@link packTrainingRows} made. */
export function disposeBatch(batch: PackedBatch): void {
  disposeLayout(batch.layout);
  tf.dispose([batch.tokenIds, batch.sources, batch.targets, batch.rowOfTarget, ...Object.values(batch.fields)]);
}
