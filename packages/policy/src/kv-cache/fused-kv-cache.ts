import * as tf from "@tensorflow/tfjs-core";
import { headShape, type ModelConfig } from "../config.js";
import { wrap, type KernelContext } from "../kernels/kernel-context.js";
import type { KVCache } from "./kv-cache-types.js";
import { checkCacheRoom } from "../memory-limit.js";
import { cacheBytesPerToken } from "../memory-need.js";
import type { PackedLayout } from "../ops/packed.js";

/** Positions that a slot has room for at first; the room doubles when a sequence outgrows it. */
const FIRST_ROOM = 64;

/** State that all layers of one forward pass share. */
interface Pass {
  readonly layout: PackedLayout;
  /** `[rows]` each, int32. */
  readonly slots: tf.Tensor1D;
  readonly past: tf.Tensor1D;
}

/**
 * One block of memory a layer, written in place by the fused kernels. Keys are stored transposed, so that neighbouring positions are
 * neighbours.
 */
export class FusedKVCache implements KVCache {
  readonly slots: number;
  readonly capacity: number;
  readonly #context: KernelContext;
  readonly #config: ModelConfig;
  /** `[slots, kvHeads, headDim, room]` a layer. */
  readonly #keys: tf.Tensor[] = [];
  /** `[slots, kvHeads, room, headDim]` a layer. */
  readonly #values: tf.Tensor[] = [];
  #room: number;
  #pass: Pass | undefined;

  constructor(context: KernelContext, config: ModelConfig, slots: number, capacity: number) {
    this.slots = slots;
    this.capacity = (capacity + 7) & ~7; // the kernels work on eight positions at once
    this.#context = context;
    this.#config = config;
    this.#room = Math.min(FIRST_ROOM, this.capacity);
    const { kvHeads, headDim, layers } = config;
    checkCacheRoom(slots * this.#room * cacheBytesPerToken(config));
    for (let layer = 0; layer < layers; layer++) {
      this.#keys.push(tf.keep(wrap(context.zeros(slots, kvHeads, headDim, this.#room))));
      this.#values.push(tf.keep(wrap(context.zeros(slots, kvHeads, this.#room, headDim))));
    }
  }

  get bytes(): number {
    return this.#keys.reduce((sum, keys) => sum + 2 * 4 * keys.size, 0);
  }

  attend(layer: number, qkv: tf.Tensor2D, layout: PackedLayout, slots: Int32Array, past: Int32Array): tf.Tensor2D {
    const pass = this.#plan(layout, slots, past);
    const { kernels, pointer, output } = this.#context;
    const { heads, kvHeads, headDim, window = 0 } = headShape(this.#config, layer);
    const out = output(layout.tokens, heads * headDim);
    kernels.attentionCached(
      pointer(qkv),
      pointer(layout.rowOffsetsTensor),
      pointer(pass.slots),
      pointer(pass.past),
      layout.rows,
      heads,
      kvHeads,
      headDim,
      1 / Math.sqrt(headDim),
      pointer(this.#keys[layer]!),
      pointer(this.#values[layer]!),
      this.#room,
      pointer(out),
      window,
    );
    return wrap(out);
  }

  copy(from: number, to: number, length: number): void {
    const { kernels, pointer } = this.#context;
    const { kvHeads, headDim } = this.#config;
    this.#keys.forEach((keys, layer) =>
      kernels.copyCacheSlot(pointer(keys), pointer(this.#values[layer]!), from, to, length, kvHeads, headDim, this.#room),
    );
  }

  dispose(): void {
    tf.dispose([...this.#keys, ...this.#values]);
    this.#dropPass();
  }

  #plan(layout: PackedLayout, slots: Int32Array, past: Int32Array): Pass {
    if (this.#pass?.layout === layout) return this.#pass;
    this.#dropPass();
    const longest = past.reduce((most, before, row) => Math.max(most, before + layout.rowOffsets[row + 1]! - layout.rowOffsets[row]!), 0);
    if (longest > this.#room) this.#grow(Math.min(this.capacity, Math.max((longest + 7) & ~7, 2 * this.#room)));
    const kept = (values: Int32Array) => tf.keep(tf.tensor1d(values, "int32"));
    this.#pass = { layout, slots: kept(slots), past: kept(past) };
    return this.#pass;
  }

  #dropPass(): void {
    if (this.#pass !== undefined) tf.dispose([this.#pass.slots, this.#pass.past]);
    this.#pass = undefined;
  }

  #grow(room: number): void {
    const { layers } = this.#config;
    const block = (this.slots * room * cacheBytesPerToken(this.#config)) / (2 * layers); // beside the one that it comes after
    checkCacheRoom(2 * layers * block - this.bytes + block);
    const more = [0, room - this.#room] as [number, number];
    const none = [0, 0] as [number, number];
    for (const [blocks, padding] of [
      [this.#keys, [none, none, none, more]],
      [this.#values, [none, none, more, none]],
    ] as const) {
      blocks.forEach((old, layer) => {
        blocks[layer] = tf.keep(tf.pad(old, [...padding]));
        old.dispose();
      });
    }
    this.#room = room;
  }
}
