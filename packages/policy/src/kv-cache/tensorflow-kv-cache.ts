import * as tf from "@tensorflow/tfjs-core";
import { headShape, type ModelConfig } from "../config.js";
import type { KVCache } from "./kv-cache-types.js";
import type { PackedLayout } from "../ops/packed.js";
import { disposePlan, planPass, type CachePass } from "./cache-pass.js";
import type { TensorFlowBackend } from "../native/tensorflow-backend.js";

/** Positions that a slot has room for at first; the room doubles when a sequence outgrows it. */
const FIRST_ROOM = 64;

/** Keys or values of one layer: one block of memory, as rows to be written and as a batch to be read. */
interface Block {
  /** `[slots·kvHeads·room, headDim]` */
  readonly rows: tf.Tensor2D;
  /** `[slots, kvHeads, room, headDim]`, the same memory. */
  readonly batch: tf.Tensor4D;
}

/**
 * A cache for native TensorFlow, written in place by its operation `InplaceUpdate`.
 *
 * All rows of a pass attend in one product over the whole block where at least half of the slots take part, so that nothing is copied;
 * a mask hides what a row may not see.
 */
export class TensorFlowKVCache implements KVCache {
  readonly slots: number;
  readonly capacity: number;
  readonly #backend: TensorFlowBackend;
  readonly #config: ModelConfig;
  readonly #keys: Block[] = [];
  readonly #values: Block[] = [];
  #room: number;
  #pass: CachePass | undefined;

  constructor(backend: TensorFlowBackend, config: ModelConfig, slots: number, capacity: number) {
    this.slots = slots;
    this.capacity = capacity;
    this.#backend = backend;
    this.#config = config;
    this.#room = Math.min(FIRST_ROOM, capacity);
    const { layers, kvHeads, headDim } = config;
    for (const blocks of [this.#keys, this.#values])
      for (let layer = 0; layer < layers; layer++) blocks.push(this.#block(() => tf.fill([slots, kvHeads, this.#room, headDim], 0)));
  }

  get bytes(): number {
    return [...this.#keys, ...this.#values].reduce((sum, { rows }) => sum + 4 * rows.size, 0);
  }

  attend(layer: number, qkv: tf.Tensor2D, layout: PackedLayout, slots: Int32Array, past: Int32Array): tf.Tensor2D {
    const pass = this.#plan(layout, slots, past);
    return tf.tidy(() => {
      const { heads, kvHeads, headDim, window = 0 } = headShape(this.#config, layer);
      const part = (first: number, count: number) => tf.slice(qkv, [0, first * headDim], [layout.tokens, count * headDim]);
      const fresh = (first: number) => tf.reshape(part(first, kvHeads), [layout.tokens * kvHeads, headDim]);
      const [keys, values] = [this.#keys[layer]!, this.#values[layer]!];
      this.#write(keys, pass.writes, fresh(heads));
      this.#write(values, pass.writes, fresh(heads + kvHeads));

      const { batch, width } = pass;
      let queries: tf.Tensor = tf.mul(part(0, heads), 1 / Math.sqrt(headDim)); // [tokens, heads·headDim]
      if (pass.spread !== undefined) queries = tf.gather(queries, pass.spread); // [batch·width, heads·headDim]
      const grouped = byHead(queries, batch, width, heads, headDim); // [batch, heads, width, headDim]
      const perKeyHead = tf.reshape(grouped, [batch, kvHeads, (heads / kvHeads) * width, headDim]);
      const chosen = ({ batch: all }: Block) => (pass.slots === undefined ? all : tf.gather(all, pass.slots)); // [batch, kvHeads, room, headDim]
      const scores = tf.reshape(tf.matMul(perKeyHead, chosen(keys), false, true), [batch, heads, width, this.#room]);
      const probabilities = tf.softmax(tf.add(scores, pass.mask(window)));
      const weights = tf.reshape(probabilities, [batch, kvHeads, (heads / kvHeads) * width, this.#room]);
      const mixed = tf.reshape(tf.matMul(weights, chosen(values)), [batch, heads, width, headDim]);
      const flat: tf.Tensor2D = tf.reshape(width === 1 ? mixed : tf.transpose(mixed, [0, 2, 1, 3]), [batch * width, heads * headDim]);
      return pass.pick === undefined ? flat : tf.gather(flat, pass.pick); // [tokens, heads·headDim]
    });
  }

  copy(from: number, to: number, length: number): void {
    tf.tidy(() => {
      const { kvHeads, headDim } = this.#config;
      const places = Int32Array.from({ length: kvHeads * length }, (_, i) => {
        return (to * kvHeads + Math.floor(i / length)) * this.#room + (i % length);
      });
      const rows = tf.tensor1d(places, "int32");
      for (const block of [...this.#keys, ...this.#values]) {
        const source = tf.slice(block.batch, [from, 0, 0, 0], [1, kvHeads, length, headDim]);
        this.#write(block, rows, tf.reshape(source, [kvHeads * length, headDim]));
      }
    });
  }

  dispose(): void {
    for (const { rows, batch } of [...this.#keys, ...this.#values]) tf.dispose([rows, batch]);
    this.#dropPass();
  }

  /** State that all layers of one forward pass share. */
  #plan(layout: PackedLayout, slots: Int32Array, past: Int32Array): CachePass {
    if (this.#pass?.layout === layout) return this.#pass;
    this.#dropPass();
    const longest = slots.reduce((most, _, row) => Math.max(most, past[row]! + layout.rowOffsets[row + 1]! - layout.rowOffsets[row]!), 0);
    if (longest > this.#room) this.#grow(Math.min(this.capacity, Math.max(longest, 2 * this.#room)));
    this.#pass = planPass(layout, slots, past, { kvHeads: this.#config.kvHeads, slots: this.slots, room: this.#room });
    return this.#pass;
  }

  #dropPass(): void {
    if (this.#pass !== undefined) disposePlan(this.#pass);
    this.#pass = undefined;
  }

  #grow(room: number): void {
    const more = room - this.#room;
    for (const blocks of [this.#keys, this.#values]) {
      blocks.forEach((old, layer) => {
        blocks[layer] = this.#block(() =>
          tf.pad(old.batch, [
            [0, 0],
            [0, 0],
            [0, more],
            [0, 0],
          ]),
        );
        tf.dispose([old.rows, old.batch]);
      });
    }
    this.#room = room;
  }

  #block(make: () => tf.Tensor): Block {
    return tf.tidy(() => {
      const batch = tf.keep(make()) as tf.Tensor4D;
      return { batch, rows: tf.keep(tf.reshape<tf.Rank.R2>(batch, [-1, this.#config.headDim])) };
    });
  }

  /** Puts `[count, headDim]` into the rows of a block, in the block's own memory. */
  #write(block: Block, rows: tf.Tensor1D, content: tf.Tensor): void {
    const { binding } = this.#backend;
    const type = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
    this.#backend.executeSingleOutput("InplaceUpdate", [type], [block.rows, rows, content]).dispose();
  }
}

/** `[batch·width, heads·headDim]` as `[batch, heads, width, headDim]`. */
function byHead(x: tf.Tensor, batch: number, width: number, heads: number, headDim: number): tf.Tensor4D {
  if (width === 1) return tf.reshape(x, [batch, heads, 1, headDim]);
  return tf.transpose(tf.reshape(x, [batch, width, heads, headDim]), [0, 2, 1, 3]);
}
