import type * as tf from "@tensorflow/tfjs-core";
import type { PackedLayout } from "../ops/packed.js";

/** Keys and values of many sequences; a slot holds one sequence. Contents of a slot survive until it is written over. */
export interface KVCache {
  readonly slots: number;
  /** Longest sequence a slot can hold, in tokens. */
  readonly capacity: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
  /**
   * Appends the keys and values of new tokens to each row's slot and attends over all that the slot then holds.
   *
   * @param qkv - `[tokens, (heads + 2·kvHeads)·headDim]`, rotated
   * @param slots - slot of each row
   * @param past - tokens each slot holds before
   * @returns `[tokens, heads·headDim]`
   */
  attend(layer: number, qkv: tf.Tensor2D, layout: PackedLayout, slots: Int32Array, past: Int32Array): tf.Tensor2D;
  /** Makes the first `length` positions of slot `to` those of slot `from`. */
  copy(from: number, to: number, length: number): void;
  /** Frees all keys and values. */
  dispose(): void;
}
