import * as tf from "@tensorflow/tfjs-core";
import { headShape, type ModelConfig } from "../config.js";
import type { PackedLayout } from "../ops/packed.js";
import { cachePlan, disposePlan, type CachePlan } from "./cache-plan.js";
import type { KVCache } from "./kv-cache-types.js";

/** Positions by which a slot grows, and by which those that are looked at are rounded up: equal shapes use the same programs again. */
const STRIDE = 32;

/**
 * A cache in tfjs operations over all rows at once, for backends where what costs is the number of operations, as on WebGPU: a pass has about
 * twenty of them a layer, whatever the number of rows. Rows are padded to the longest, so it is meant for sequences of about equal lengths.
 */
export class BatchedKVCache implements KVCache {
  readonly slots: number;
  readonly capacity: number;
  readonly #config: ModelConfig;
  /** By layer: keys beside values, `[slots·size, 2·kvHeads·headDim]`. */
  readonly #content: tf.Tensor2D[];
  readonly #width: number;
  /** Positions of each slot that memory is taken for. */
  #size: number;
  /** Slot whose contents each slot is to take over before the next pass; undefined where none is copied. */
  #sources: Int32Array | undefined;
  #plan: CachePlan | undefined;

  constructor(config: ModelConfig, slots: number, capacity: number) {
    this.slots = slots;
    this.capacity = capacity;
    this.#config = config;
    this.#width = config.kvHeads * config.headDim;
    this.#size = Math.min(capacity, STRIDE);
    this.#content = Array.from({ length: config.layers }, () => tf.keep(tf.zeros<tf.Rank.R2>([slots * this.#size, 2 * this.#width])));
  }

  get bytes(): number {
    return 4 * 2 * this.#width * this.slots * this.#size * this.#config.layers;
  }

  attend(layer: number, qkv: tf.Tensor2D, layout: PackedLayout, slots: Int32Array, past: Int32Array): tf.Tensor2D {
    const { heads, kvHeads, headDim } = this.#config;
    const width = this.#width;
    const plan = this.#planOf(layout, slots, past);
    return tf.tidy(() => {
      const added = tf.slice(qkv, [0, heads * headDim], [layout.tokens, 2 * width]);
      const content = tf.tensorScatterUpdate(this.#content[layer]!, plan.places, added) as tf.Tensor2D;
      this.#replace(layer, content);

      const { rows, maxLength: count } = layout;
      const seen = tf.reshape(tf.gather(content, plan.seen), [rows, plan.total, 2, kvHeads, headDim]);
      const half = (which: number) =>
        tf.transpose(
          tf.reshape(tf.slice(seen, [0, 0, which, 0, 0], [-1, -1, 1, -1, -1]), [rows, plan.total, kvHeads, headDim]),
          [0, 2, 1, 3],
        );
      const scaled = tf.mul(tf.slice(qkv, [0, 0], [layout.tokens, heads * headDim]), 1 / Math.sqrt(headDim));
      const padded = plan.padded === undefined ? scaled : tf.gather(scaled, plan.padded); // [rows·count, heads·headDim]
      const queries = tf.transpose(tf.reshape(padded, [rows, count, heads, headDim]), [0, 2, 1, 3]);
      const grouped = (x: tf.Tensor) => tf.reshape(x, [rows, kvHeads, (heads / kvHeads) * count, -1]); // the heads that share one key head
      const scores = tf.matMul(grouped(queries), half(0), false, true); // [rows, kvHeads, group·count, total]
      const hidden = plan.mask(headShape(this.#config, layer));
      const probabilities = tf.softmax(tf.add(tf.reshape(scores, [rows, heads, count, plan.total]), hidden));
      const mixed = tf.reshape(tf.matMul(grouped(probabilities), half(1)), [rows, heads, count, headDim]);
      const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows * count, heads * headDim]) as tf.Tensor2D;
      return plan.packed === undefined ? joined : tf.gather(joined, plan.packed);
    });
  }

  /** Remembers the copy: those of a whole group are made together before the next pass. What lies behind `length` is hidden until written. */
  copy(from: number, to: number, _length: number): void {
    this.#sources ??= Int32Array.from({ length: this.slots }, (_, slot) => slot);
    this.#sources[to] = this.#sources[from]!;
  }

  dispose(): void {
    tf.dispose(this.#content);
    if (this.#plan !== undefined) disposePlan(this.#plan);
    this.#plan = undefined;
  }

  /** What a pass needs in every layer, made at its first. */
  #planOf(layout: PackedLayout, slots: Int32Array, past: Int32Array): CachePlan {
    if (this.#plan?.layout === layout) return this.#plan;
    const longest = past.reduce((most, before, row) => Math.max(most, before + layout.rowOffsets[row + 1]! - layout.rowOffsets[row]!), 0);
    if (this.#plan !== undefined) disposePlan(this.#plan);
    this.#grow(longest);
    this.#applyCopies();
    const total = Math.min(this.#size, Math.ceil(longest / STRIDE) * STRIDE);
    this.#plan = cachePlan(layout, slots, past, { size: this.#size, total });
    return this.#plan;
  }

  #grow(length: number): void {
    if (length <= this.#size) return;
    const size = Math.min(this.capacity, Math.max(2 * this.#size, Math.ceil(length / STRIDE) * STRIDE));
    this.#content.forEach((content, layer) => {
      const grown = tf.tidy(() => {
        const bySlot = tf.reshape(content, [this.slots, this.#size * 2 * this.#width]);
        const more = tf.zeros([this.slots, (size - this.#size) * 2 * this.#width]);
        return tf.reshape(tf.concat([bySlot, more], 1), [this.slots * size, 2 * this.#width]) as tf.Tensor2D;
      });
      this.#replace(layer, grown);
    });
    this.#size = size;
  }

  #applyCopies(): void {
    if (this.#sources === undefined) return;
    const sources = tf.tensor1d(this.#sources, "int32");
    this.#content.forEach((content, layer) => {
      const copied = tf.tidy(() => {
        const bySlot = tf.reshape(content, [this.slots, this.#size * 2 * this.#width]);
        return tf.reshape(tf.gather(bySlot, sources), content.shape) as tf.Tensor2D;
      });
      this.#replace(layer, copied);
    });
    sources.dispose();
    this.#sources = undefined;
  }

  #replace(layer: number, content: tf.Tensor2D): void {
    const old = this.#content[layer]!;
    this.#content[layer] = tf.keep(content);
    old.dispose();
  }
}
