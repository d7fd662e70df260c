import * as tf from "@tensorflow/tfjs-core";

/** Where a tensor's values lie: a byte offset into the memory of the wasm backend, or an address in TensorFlow's. */
export type Pointer = number;

/** Operations in one step each, on tensors where they lie; what each argument is, say assembly/ and native/kernels.h. */
export interface FusedKernels {
  addColumns(...args: number[]): void;
  dropout(...args: number[]): void;
  takeColumns(...args: number[]): void;
  attentionForward(...args: number[]): void;
  attentionBackward(...args: number[]): void;
  attentionCached(...args: number[]): void;
  copyCacheSlot(...args: number[]): void;
  matmul(...args: number[]): void;
  weightGradient(...args: number[]): void;
  accumulate(total: Pointer, x: Pointer, n: number): void;
  adamW(...args: number[]): void;
  sumOfSquares(x: Pointer, n: number): number;
  gatherRows(...args: number[]): void;
  scatterAddRows(...args: number[]): void;
  logProbsForward(...args: number[]): void;
  logProbsBackward(...args: number[]): void;
  rmsNormForward(...args: number[]): void;
  rmsNormBackward(...args: number[]): void;
  rotaryForward(...args: number[]): void;
  rotaryBackward(...args: number[]): void;
  sumRows(...args: number[]): void;
  swigluForward(...args: number[]): void;
  swigluBackward(...args: number[]): void;
  /** Where it is missing, `sampleToken` draws from logits that are read back. */
  sampleRows?(
    logits: Pointer,
    rows: number,
    vocab: number,
    allowed: number,
    unused: Int32Array,
    unusedCount: number,
    draws: Float64Array,
  ): void;
}

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

/** Turns kernel outputs into tensors that the engine tracks. */
export function adopt<R extends tf.Rank>(info: tf.TensorInfo): tf.Tensor<R> {
  return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor<R>;
}
