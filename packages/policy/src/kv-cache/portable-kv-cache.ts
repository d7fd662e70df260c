import * as tf from "@tensorflow/tfjs-core";
import { headShape, type ModelConfig } from "../config.js";
import type { KVCache } from "./kv-cache-types.js";
import { attentionMask } from "../ops/attention-mask.js";
import type { PackedLayout } from "../ops/packed.js";

/** Keys and values of one sequence in one layer, `[length, kvHeads·headDim]` each. */
interface SlotLayer {
  readonly keys: tf.Tensor2D;
  readonly values: tf.Tensor2D;
}

/** A cache in plain tfjs operations, for every backend: each sequence has tensors of its own that grow by concatenation. */
export class PortableKVCache implements KVCache {
  readonly slots: number;
  readonly capacity: number;
  readonly #config: ModelConfig;
  readonly #content = new Map<string, SlotLayer>();

  constructor(config: ModelConfig, slots: number, capacity: number) {
    this.slots = slots;
    this.capacity = capacity;
    this.#config = config;
  }

  get bytes(): number {
    let size = 0;
    for (const { keys, values } of this.#content.values()) size += 4 * (keys.size + values.size);
    return size;
  }

  attend(layer: number, qkv: tf.Tensor2D, layout: PackedLayout, slots: Int32Array, past: Int32Array): tf.Tensor2D {
    return tf.tidy(() => {
      const rows: tf.Tensor2D[] = [];
      for (let row = 0; row < layout.rows; row++) {
        const start = layout.rowOffsets[row]!;
        const count = layout.rowOffsets[row + 1]! - start;
        rows.push(this.#attendRow(layer, tf.slice(qkv, [start, 0], [count, qkv.shape[1]]), slots[row]!, past[row]!));
      }
      return tf.concat(rows, 0);
    });
  }

  copy(from: number, to: number, length: number): void {
    for (let layer = 0; layer < this.#config.layers; layer++) {
      const source = this.#content.get(`${layer}/${from}`);
      if (source !== undefined)
        this.#store(layer, to, tf.slice(source.keys, [0, 0], [length, -1]), tf.slice(source.values, [0, 0], [length, -1]));
    }
  }

  dispose(): void {
    for (const { keys, values } of this.#content.values()) tf.dispose([keys, values]);
    this.#content.clear();
  }

  #store(layer: number, slot: number, keys: tf.Tensor2D, values: tf.Tensor2D): void {
    const key = `${layer}/${slot}`;
    const old = this.#content.get(key);
    this.#content.set(key, { keys: tf.keep(keys), values: tf.keep(values) });
    if (old !== undefined) tf.dispose([old.keys, old.values]);
  }

  #attendRow(layer: number, qkv: tf.Tensor2D, slot: number, past: number): tf.Tensor2D {
    const { heads, kvHeads, headDim } = this.#config;
    const count = qkv.shape[0];
    const width = kvHeads * headDim;
    const newKeys = tf.slice(qkv, [0, heads * headDim], [count, width]);
    const newValues = tf.slice(qkv, [0, heads * headDim + width], [count, width]);
    const old = past === 0 ? undefined : this.#content.get(`${layer}/${slot}`);
    const join = (before: tf.Tensor2D | undefined, added: tf.Tensor2D) =>
      before === undefined ? tf.clone(added) : tf.concat([tf.slice(before, [0, 0], [past, width]), added], 0);
    const keys = join(old?.keys, newKeys);
    const values = join(old?.values, newValues);
    this.#store(layer, slot, keys, values);
    const total = past + count;
    const split = (x: tf.Tensor, rows: number, n: number) => tf.transpose(tf.reshape(x, [rows, n, headDim]), [1, 0, 2]); // [n, rows, headDim]
    const shared = (x: tf.Tensor) =>
      tf.reshape(tf.tile(tf.reshape(split(x, total, kvHeads), [kvHeads, 1, total, headDim]), [1, heads / kvHeads, 1, 1]), [
        heads,
        total,
        headDim,
      ]);
    const queries = tf.mul(split(tf.slice(qkv, [0, 0], [count, heads * headDim]), count, heads), 1 / Math.sqrt(headDim));
    const hidden = attentionMask(count, past, headShape(this.#config, layer));
    const probabilities = tf.softmax(tf.add(tf.matMul(queries, shared(keys), false, true), hidden)); // [heads, count, total]
    return tf.reshape(tf.transpose(tf.matMul(probabilities, shared(values)), [1, 0, 2]), [count, heads * headDim]);
  }
}
