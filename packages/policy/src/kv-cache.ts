import * as tf from "@tensorflow/tfjs-core";
import { headShape, type ModelConfig } from "./config.js";
import { adopt, fusedKernels, type KernelContext } from "./kernels/wasm-kernels.js";
import { tensorflowBackend } from "./native/load-native.js";
import { TensorFlowKVCache } from "./native/tensorflow-kv-cache.js";
import type { PackedLayout } from "./ops/packed.js";
import { PortableKVCache } from "./portable-kv-cache.js";

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

/** A cache for the current backend: written in place where our kernels or native TensorFlow run, portable elsewhere. */
export function createKVCache(config: ModelConfig, slots: number, capacity: number): KVCache {
  const fused = fusedKernels();
  if (fused !== undefined) return new WasmKVCache(fused, config, slots, capacity);
  const native = tensorflowBackend();
  return native === undefined ? new PortableKVCache(config, slots, capacity) : new TensorFlowKVCache(native, config, slots, capacity);
}

/** One block of memory a layer, written in place. Keys are stored transposed, so that neighbouring positions are neighbours. */
class WasmKVCache implements KVCache {
  readonly slots: number;
  readonly capacity: number;
  readonly #context: KernelContext;
  readonly #config: ModelConfig;
  readonly #keys: tf.Tensor[] = [];
  readonly #values: tf.Tensor[] = [];
  readonly #scratch: tf.Tensor;

  constructor(context: KernelContext, config: ModelConfig, slots: number, capacity: number) {
    this.slots = slots;
    this.capacity = (capacity + 7) & ~7; // the kernels work on eight positions at once
    this.#context = context;
    this.#config = config;
    const { kvHeads, headDim, layers, heads } = config;
    const block = () => tf.keep(adopt(context.zeros(slots, kvHeads, headDim, this.capacity)));
    for (let layer = 0; layer < layers; layer++) {
      this.#keys.push(block());
      this.#values.push(block());
    }
    this.#scratch = tf.keep(adopt(context.output((heads / kvHeads) * this.capacity)));
  }

  get bytes(): number {
    return this.#keys.reduce((sum, keys) => sum + 2 * 4 * keys.size, 0);
  }

  attend(layer: number, qkv: tf.Tensor2D, layout: PackedLayout, slots: Int32Array, past: Int32Array): tf.Tensor2D {
    const { kernels, pointer, output } = this.#context;
    const { heads, kvHeads, headDim, window = 0 } = headShape(this.#config, layer);
    const rows = [tf.tensor1d(slots, "int32"), tf.tensor1d(past, "int32")] as const;
    const out = output(layout.tokens, heads * headDim);
    kernels.attentionCached(
      pointer(qkv),
      pointer(layout.rowOffsetsTensor),
      pointer(rows[0]),
      pointer(rows[1]),
      layout.rows,
      heads,
      kvHeads,
      headDim,
      1 / Math.sqrt(headDim),
      pointer(this.#keys[layer]!),
      pointer(this.#values[layer]!),
      this.capacity,
      pointer(this.#scratch),
      pointer(out),
      window,
    );
    tf.dispose(rows as unknown as tf.Tensor[]);
    return adopt(out);
  }

  copy(from: number, to: number, length: number): void {
    const { kernels, pointer } = this.#context;
    const { kvHeads, headDim } = this.#config;
    this.#keys.forEach((keys, layer) =>
      kernels.copyCacheSlot(pointer(keys), pointer(this.#values[layer]!), from, to, length, kvHeads, headDim, this.capacity),
    );
  }

  dispose(): void {
    tf.dispose([...this.#keys, ...this.#values, this.#scratch]);
  }
}
