import * as tf from "@tensorflow/tfjs-core";
import type { PackedLayout } from "../ops/packed.js";

/** Places of everything in one forward pass over a cache. A batch entry is a slot, or a row when few slots take part. */
export interface CachePass {
  readonly layout: PackedLayout;
  /** Entries of the batch. */
  readonly batch: number;
  /** Tokens of an entry, padded to the most that any row has. */
  readonly width: number;
  /** Rows of a block that take the new keys and values, `[tokens·kvHeads]`. */
  readonly writes: tf.Tensor1D;
  /** Slot of each entry; absent when the batch is the whole block. */
  readonly slots: tf.Tensor1D | undefined;
  /** Token of each place in the padded batch, `[batch·width]`; absent when they are in order already. */
  readonly spread: tf.Tensor1D | undefined;
  /** Place of each token in the padded batch, `[tokens]`; absent like `spread`. */
  readonly pick: tf.Tensor1D | undefined;
  /** Added to scores, `[batch, 1, width, room]`: −1e9 for what a token may not see within the window (0: no window). */
  readonly mask: (window: number) => tf.Tensor4D;
  /** The masks made so far, by window. */
  readonly masks: Map<number, tf.Tensor4D>;
}

/** Size of a cache. */
export interface CacheSize {
  readonly kvHeads: number;
  readonly slots: number;
  /** Positions that a slot has room for. */
  readonly room: number;
}

/** Lays out a pass. Its tensors outlive a `tidy`, until {@link disposePlan}. */
export function planPass(layout: PackedLayout, slots: Int32Array, past: Int32Array, { kvHeads, slots: all, room }: CacheSize): CachePass {
  const { tokens, rows, maxLength: width, rowOffsets } = layout;
  const isWhole = 2 * rows >= all;
  const batch = isWhole ? all : rows;
  const entryOf = (row: number) => (isWhole ? slots[row]! : row);
  const writes = new Int32Array(tokens * kvHeads);
  const spread = new Int32Array(batch * width); // places without a token take token 0, and nobody picks them
  const pick = new Int32Array(tokens);
  for (let row = 0; row < rows; row++) {
    for (let token = rowOffsets[row]!, i = 0; token < rowOffsets[row + 1]!; token++, i++) {
      for (let head = 0; head < kvHeads; head++) writes[token * kvHeads + head] = (slots[row]! * kvHeads + head) * room + past[row]! + i;
      pick[token] = entryOf(row) * width + i;
      spread[pick[token]!] = token;
    }
  }
  const inOrder = tokens === batch * width && pick.every((place, token) => place === token);
  const keep = (values: Int32Array) => tf.keep(tf.tensor1d(values, "int32"));
  const masks = new Map<number, tf.Tensor4D>();
  const mask = (window: number) => {
    const known = masks.get(window);
    if (known !== undefined) return known;
    const values = new Float32Array(batch * width * room);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < width; i++) {
        const [start, position] = [(entryOf(row) * width + i) * room, past[row]! + i];
        values.fill(-1e9, start + position + 1, start + room);
        if (window > 0) values.fill(-1e9, start, start + Math.max(0, position - window + 1));
      }
    }
    const made = tf.keep(tf.tensor4d(values, [batch, 1, width, room]));
    masks.set(window, made);
    return made;
  };
  return {
    layout,
    batch,
    width,
    writes: keep(writes),
    slots: isWhole ? undefined : keep(slots),
    spread: inOrder ? undefined : keep(spread),
    pick: inOrder ? undefined : keep(pick),
    mask,
    masks,
  };
}

/** Frees the tensors of a pass. */
export function disposePlan({ writes, slots, spread, pick, masks }: CachePass): void {
  tf.dispose([writes, slots, spread, pick, ...masks.values()].filter((tensor) => tensor !== undefined));
}
