import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { provideKernels } from "../kernels/kernel-context.js";
import { kernelStamp } from "./kernel-sources.js";
import type { NativeKernels, TensorFlowBackend } from "./tensorflow-backend.js";

/**
 * The kernels in a binding that can be used: compiled from this package's sources, for tensors in the processor's memory. None are with
 * `RETOOL_NATIVE_KERNELS=0`.
 */
export function usableKernels({
  binding,
  isUsingGpuDevice,
}: Pick<TensorFlowBackend, "binding" | "isUsingGpuDevice">): NativeKernels | undefined {
  const kernels = process.env["RETOOL_NATIVE_KERNELS"] === "0" ? undefined : binding.retoolKernels;
  return kernels === undefined || isUsingGpuDevice || kernels.stamp !== kernelStamp() ? undefined : kernels;
}

let registered: object | undefined;

/** Has the operations use the binding's kernels, where it has them, on the current backend. */
export function registerNativeKernels(): void {
  const backend = tf.backend() as TensorFlowBackend;
  if (registered === backend) return;
  registered = backend;
  const kernels = usableKernels(backend);
  if (kernels === undefined) return;
  const { tensorMap, binding } = backend;
  const pointer = (tensor: tf.TensorInfo) => {
    const entry = tensorMap.get(tensor.dataId);
    if (entry.address !== undefined) return entry.address;
    const [id] = backend.getInputTensorIds([tensor]); // hands over values that still wait in JavaScript
    return (entry.address = kernels.pointer(id!));
  };
  const output = (...shape: number[]): tf.TensorInfo => {
    const id = kernels.output(...shape);
    if (id < 0) throw new RetoolError("OUT_OF_MEMORY", `no memory for a tensor [${shape.join(", ")}]: use smaller batches`);
    const dataId = {};
    tensorMap.set(dataId, { shape, dtype: binding.TF_FLOAT, id, values: null, refCount: 1 });
    return { dataId, shape, dtype: "float32" };
  };
  provideKernels("tensorflow", {
    kernels,
    pointer,
    output,
    zeros: (...shape) => {
      const tensor = output(...shape);
      kernels.clear(pointer(tensor), tf.util.sizeFromShape(shape));
      return tensor;
    },
    free: (tensor) => void backend.disposeData(tensor.dataId),
  });
}
