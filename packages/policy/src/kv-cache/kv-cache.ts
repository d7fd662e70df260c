import * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "../config.js";
import { fusedKernels } from "../kernels/kernel-context.js";
import { tensorflowBackend } from "../native/tensorflow-backend.js";
import { BatchedKVCache } from "./batched-kv-cache.js";
import { FusedKVCache } from "./fused-kv-cache.js";
import type { KVCache } from "./kv-cache-types.js";
import { PortableKVCache } from "./portable-kv-cache.js";
import { TensorFlowKVCache } from "./tensorflow-kv-cache.js";

/**
 * A cache for the current backend: written in place where our kernels or native TensorFlow run, of few operations on WebGPU, portable elsewhere.
 */
export function createKVCache(config: ModelConfig, slots: number, capacity: number): KVCache {
  const fused = fusedKernels();
  if (fused !== undefined) return new FusedKVCache(fused, config, slots, capacity);
  if (tf.getBackend() === "webgpu") return new BatchedKVCache(config, slots, capacity);
  const native = tensorflowBackend();
  return native === undefined ? new PortableKVCache(config, slots, capacity) : new TensorFlowKVCache(native, config, slots, capacity);
}
