import * as tf from "@tensorflow/tfjs-core";
import type { FusedKernels, NativeOnlyKernels } from "../kernels/kernels.generated.js";
import type { Pointer } from "../kernels/pointer.js";

/** The packages that hold the JavaScript half of native TensorFlow. */
export type NativePackage = "tfjs-node-gpu" | "tfjs-node";

/** Facts about native TensorFlow. */
export interface NativeBackend {
  readonly tensorflow: string;
  readonly device: "cpu" | "gpu";
  /** True with this package's fused kernels; without them each operation is several of TensorFlow's. */
  readonly kernels: boolean;
}

/** The part of tfjs-node's backend that is used beyond tfjs-core's interface. */
export interface TensorFlowBackend extends tf.KernelBackend {
  readonly binding: {
    readonly TF_Version: string;
    readonly TF_ATTR_TYPE: number;
    readonly TF_ATTR_INT: number;
    readonly TF_FLOAT: number;
    /** There when `retool native install` built the binding. */
    readonly retoolKernels?: NativeKernels;
  };
  readonly isUsingGpuDevice: boolean;
  readonly tensorMap: { get(dataId: object): TensorEntry; set(dataId: object, entry: TensorEntry): void };
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  executeSingleOutput(op: string, attributes: readonly OpAttribute[], inputs: readonly tf.TensorInfo[]): tf.Tensor;
}

/** An attribute of an eager TensorFlow operation. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: number;
}

/** The functions that native/module.cc puts beside tfjs-node's own. */
export interface NativeKernels extends FusedKernels, NativeOnlyKernels {
  /** Stamp of the sources it was compiled from. */
  readonly stamp: string;
  /** Address of the values of the tensor with this id. */
  pointer(id: number): Pointer;
  /** Id of a new tensor of floats; −1 where there is no memory for it. */
  output(...shape: number[]): number;
}

/** The part of tfjs-node 4.22 that is used beyond its public interface: an entry of its table of tensors. */
export interface TensorEntry {
  readonly shape: readonly number[];
  readonly dtype: number;
  /** In the binding; −1 while the values wait in JavaScript. */
  id: number;
  values: unknown;
  refCount: number;
  /** Ours: where the values lie, once that was asked. */
  address?: Pointer;
}

/** The current backend when it is native TensorFlow. */
export function tensorflowBackend(): TensorFlowBackend | undefined {
  return tf.getBackend() === "tensorflow" ? (tf.backend() as TensorFlowBackend) : undefined;
}
