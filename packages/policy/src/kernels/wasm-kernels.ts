import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { fusedWasmKernels } from "./fused-wasm-kernels.js";
import { provideKernels } from "./kernel-context.js";
import { KernelThreads, type StartThread } from "./kernel-threads.js";
import type { WasmExports } from "./kernels.generated.js";
import { NULL } from "./pointer.js";
import { isShared } from "./shared-memory.js";
import { instantiateKernels, type WasmBackend } from "./wasm-module.js";

let registered: { readonly backend: object; readonly threads: number } | undefined;
let threads: KernelThreads | undefined;

/** Threads of the kernels, and how one is started where that can be. */
export interface WasmKernelOptions {
  readonly threads: number;
  readonly startThread: StartThread | undefined;
}

/** Prepares the fused kernels for the current wasm backend; calling it again is free, and may change the number of threads. */
export async function registerWasmKernels(options: WasmKernelOptions): Promise<void> {
  const backend = tf.backend() as unknown as WasmBackend & { disposeData(dataId: object): boolean };
  if (registered?.backend === backend && registered.threads === options.threads) return;
  const { exports: module, program } = await instantiateKernels(backend);
  threads?.stop();
  threads = startThreads(module, program, backend.wasm.asm.memory, options);
  const pointer = (tensor: tf.TensorInfo) => backend.dataIdMap.get(tensor.dataId).memoryOffset;
  const output = (...shape: number[]) => {
    const tensor = backend.makeOutput(shape, "float32");
    if (pointer(tensor) === NULL && tf.util.sizeFromShape(shape) > 0) {
      throw new RetoolError("OUT_OF_MEMORY", `no memory for a tensor [${shape.join(", ")}]: use smaller batches or another backend`);
    }
    return tensor;
  };
  const buffer = bufferOf(backend.wasm.asm.memory);
  const view = (tensor: tf.TensorInfo) => {
    const [start, size] = [pointer(tensor), tf.util.sizeFromShape(tensor.shape)];
    return new Float32Array(buffer(start + 4 * size), start, size);
  };
  const tensors = {
    pointer,
    output,
    zeros: (...shape: number[]) => {
      const tensor = output(...shape);
      view(tensor).fill(0);
      return tensor;
    },
    view,
    free: (tensor: tf.TensorInfo) => void backend.disposeData(tensor.dataId),
  };
  shareClones();
  registered = { backend, threads: options.threads };
  provideKernels("wasm", { ...tensors, kernels: fusedWasmKernels(module, tensors, threads) });
}

/** A memory's buffer, where at least so many bytes are needed: asking a shared memory for it takes longer than many a kernel. */
function bufferOf(memory: WebAssembly.Memory): (bytes: number) => ArrayBufferLike {
  let buffer = memory.buffer;
  return (bytes) => {
    if (buffer.byteLength < bytes) buffer = memory.buffer; // it has grown, and a buffer that is not shared is empty then
    return buffer;
  };
}

/** Makes a clone share its tensor's numbers, as on all other backends: wasm's own copies them, with each tensor that a gradient keeps. */
function shareClones(): void {
  tf.unregisterKernel(tf.Identity, "wasm");
  tf.registerKernel({
    kernelName: tf.Identity,
    backendName: "wasm",
    kernelFunc: ({ inputs, backend }) => {
      const { dataId, shape, dtype } = inputs["x"]!;
      (backend as { incRef(dataId: object): void }).incRef(dataId);
      return { dataId, shape, dtype };
    },
  });
}

function startThreads(
  module: WasmExports,
  program: WebAssembly.Module,
  memory: WebAssembly.Memory,
  { threads: count, startThread }: WasmKernelOptions,
): KernelThreads | undefined {
  if (count < 2 || startThread === undefined || !isShared(memory)) return undefined;
  return new KernelThreads(module, program, memory, count, startThread);
}
