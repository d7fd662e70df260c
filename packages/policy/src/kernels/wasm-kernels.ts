import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { instantiateKernels, type KernelExports, type Pointer, type WasmBackend } from "./wasm-module.js";

/** Everything a fused kernel needs: our WebAssembly, the backend, and pointers of tensors. */
export interface KernelContext {
  readonly kernels: KernelExports;
  readonly pointer: (tensor: tf.TensorInfo) => Pointer;
  /** A new tensor whose contents are undefined. */
  readonly output: (...shape: number[]) => tf.TensorInfo;
  /** A new tensor of zeros. */
  readonly zeros: (...shape: number[]) => tf.TensorInfo;
  /** Frees a tensor made by `output` or `zeros` that is not returned. */
  readonly free: (tensor: tf.TensorInfo) => void;
}

let context: KernelContext | undefined;

/** Prepares the fused kernels for the current wasm backend; calling it again is free. */
export async function registerWasmKernels(): Promise<void> {
  const backend = tf.backend() as unknown as WasmBackend & { disposeData(dataId: object): boolean };
  const kernels = await instantiateKernels(backend);
  const pointer = (tensor: tf.TensorInfo) => backend.dataIdMap.get(tensor.dataId).memoryOffset;
  const output = (...shape: number[]) => {
    const tensor = backend.makeOutput(shape, "float32");
    if (pointer(tensor) === 0 && tf.util.sizeFromShape(shape) > 0) {
      throw new RetoolError("OUT_OF_MEMORY", `no memory for a tensor [${shape.join(", ")}]: use smaller batches or another backend`);
    }
    return tensor;
  };
  context = {
    kernels,
    pointer,
    output,
    zeros: (...shape) => {
      const tensor = output(...shape);
      new Float32Array(backend.wasm.asm.memory.buffer, pointer(tensor), tf.util.sizeFromShape(shape)).fill(0);
      return tensor;
    },
    free: (tensor) => void backend.disposeData(tensor.dataId),
  };
}

/** The fused kernels when the current backend is wasm and {@link registerWasmKernels} has run, else undefined. */
export function fusedKernels(): KernelContext | undefined {
  return tf.getBackend() === "wasm" ? context : undefined;
}

/** Turns kernel outputs into tensors that the engine tracks. */
export function adopt<R extends tf.Rank>(info: tf.TensorInfo): tf.Tensor<R> {
  return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor<R>;
}
