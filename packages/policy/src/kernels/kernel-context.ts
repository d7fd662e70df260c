import * as tf from "@tensorflow/tfjs-core";
import type { FusedKernels } from "./kernels.generated.js";
import type { Pointer } from "./pointer.js";

/** Everything an operation needs to run a fused kernel: the kernels of a backend, and its tensors. */
export interface KernelContext {
  readonly kernels: FusedKernels;
  readonly pointer: (tensor: tf.TensorInfo) => Pointer;
  /** A new tensor whose contents are undefined. */
  readonly output: (...shape: number[]) => tf.TensorInfo;
  /** A new tensor of zeros. */
  readonly zeros: (...shape: number[]) => tf.TensorInfo;
  /** A tensor's values where they lie, until memory is taken; undefined where JavaScript cannot reach them. */
  readonly view?: (tensor: tf.TensorInfo) => Float32Array;
  /** Frees a tensor made by `output` or `zeros` that is not returned. */
  readonly free: (tensor: tf.TensorInfo) => void;
}

const contexts = new Map<string, KernelContext>();

/** Has the operations use these kernels while the backend is current. */
export function provideKernels(backend: string, context: KernelContext): void {
  contexts.set(backend, context);
}

/** The fused kernels of the current backend; undefined where it has none. */
export function fusedKernels(): KernelContext | undefined {
  return contexts.get(tf.getBackend());
}

/** A kernel's output as a tensor that tfjs tracks. */
export function wrap<R extends tf.Rank>(info: tf.TensorInfo): tf.Tensor<R> {
  return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor<R>;
}
