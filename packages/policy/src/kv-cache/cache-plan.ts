import * as tf from "@tensorflow/tfjs-core";
import type { HeadShape } from "../ops/heads.js";
import type { PackedLayout } from "../ops/packed.js";

/** What all layers of one forward pass share when rows are padded to the longest. Owns its tensors. */
export interface CachePlan {
  readonly layout: PackedLayout;
  /** Positions of each slot that are looked at. */
  readonly total: number;
  /** Place in the cache of each new token, `[tokens, 1]`, int32. */
  readonly places: tf.Tensor2D;
  /** Places that each row looks at, `[rows·total]`, int32. */
  readonly seen: tf.Tensor1D;
  /** Token of each place of the padded rows, `[rows·maxLength]`, int32; undefined where each row has one token. */
  readonly padded: tf.Tensor1D | undefined;
  /** Padded place of each token, `[tokens]`, int32. */
  readonly packed: tf.Tensor1D | undefined;
  /** Addend for the scores, `[rows, 1, maxLength, total]`: −1e9 for what a token may not see. */
  mask(shape: HeadShape): tf.Tensor4D;
  /** The masks made so far. */
  readonly masks: Map<number, tf.Tensor4D>;
}

/**
 * Plans a pass.
 *
 * @param size - positions of a slot
 * @param total - positions that are looked at
 */
export function cachePlan(
  layout: PackedLayout,
  slots: Int32Array,
  past: Int32Array,
  { size, total }: { readonly size: number; readonly total: number },
): CachePlan {
  const { rows, tokens, rowOffsets, maxLength: width } = layout;
  const places = new Int32Array(tokens);
  const packed = new Int32Array(tokens);
  const padded = new Int32Array(rows * width); // rows are filled up with token 0, whose results are left out
  for (let row = 0; row < rows; row++) {
    for (let token = rowOffsets[row]!; token < rowOffsets[row + 1]!; token++) {
      const i = token - rowOffsets[row]!;
      places[token] = slots[row]! * size + past[row]! + i;
      packed[token] = row * width + i;
      padded[row * width + i] = token;
    }
  }
  const seen = Int32Array.from({ length: rows * total }, (_, i) => slots[Math.floor(i / total)]! * size + (i % total));
  const indices = (values: Int32Array) => tf.keep(tf.tensor1d(values, "int32"));
  const masks = new Map<number, tf.Tensor4D>();
  return {
    layout,
    total,
    places: tf.keep(tf.tensor2d(places, [tokens, 1], "int32")),
    seen: indices(seen),
    padded: width === 1 ? undefined : indices(padded),
    packed: width === 1 ? undefined : indices(packed),
    masks,
    mask({ window = 0 }) {
      const made = masks.get(window) ?? tf.keep(maskOf(rows, width, total, past, window));
      masks.set(window, made);
      return made;
    },
  };
}

function maskOf(rows: number, width: number, total: number, past: Int32Array, window: number): tf.Tensor4D {
  const values = new Float32Array(rows * width * total);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      const query = past[row]! + i;
      const start = (row * width + i) * total;
      values.fill(-1e9, start + query + 1, start + total);
      if (window > 0) values.fill(-1e9, start, start + Math.min(total, Math.max(0, query - window + 1)));
    }
  }
  return tf.tensor4d(values, [rows, 1, width, total]);
}

/** Frees what a plan owns. */
export function disposePlan({ places, seen, padded, packed, masks }: CachePlan): void {
  tf.dispose([places, seen, padded, packed, ...masks.values()].filter((tensor) => tensor !== undefined));
}
