import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { provideKernels, type FusedKernels, type KernelContext, type Pointer } from "./kernel-context.js";
import { instantiateKernels, type KernelExports, type WasmBackend } from "./wasm-module.js";

let registered: object | undefined;

/** Prepares the fused kernels for the current wasm backend; calling it again is free. */
export async function registerWasmKernels(): Promise<void> {
  const backend = tf.backend() as unknown as WasmBackend & { disposeData(dataId: object): boolean };
  if (registered === backend) return;
  const module = await instantiateKernels(backend);
  const pointer = (tensor: tf.TensorInfo) => backend.dataIdMap.get(tensor.dataId).memoryOffset;
  const output = (...shape: number[]) => {
    const tensor = backend.makeOutput(shape, "float32");
    if (pointer(tensor) === 0 && tf.util.sizeFromShape(shape) > 0) {
      throw new RetoolError("OUT_OF_MEMORY", `no memory for a tensor [${shape.join(", ")}]: use smaller batches or another backend`);
    }
    return tensor;
  };
  const view = (tensor: tf.TensorInfo) =>
    new Float32Array(backend.wasm.asm.memory.buffer, pointer(tensor), tf.util.sizeFromShape(tensor.shape));
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
  registered = backend;
  provideKernels("wasm", { ...tensors, kernels: withScratch(module, tensors) });
}

/** The module's functions, with the scratch memory that some of them want as an argument, because the module has no memory of its own. */
function withScratch(module: KernelExports, { pointer, output, free }: Pick<KernelContext, "pointer" | "output" | "free">): FusedKernels {
  const borrow = (floats: number, run: (scratch: Pointer) => void) => {
    const scratch = floats === 0 ? undefined : output(floats);
    run(scratch === undefined ? 0 : pointer(scratch));
    if (scratch !== undefined) free(scratch);
  };
  /** A function that takes scratch memory as argument number `place`. */
  const lend = (run: (...args: number[]) => void, place: number, floats: (...args: number[]) => number) => {
    return (...args: number[]) => borrow(floats(...args), (scratch) => run(...args.slice(0, place), scratch, ...args.slice(place)));
  };
  return {
    ...module,
    matmul: lend(module.matmul, 8, (_a, _b, _k, _n, _c, rows, columns, inner) => module.matmulScratch(rows!, columns!, inner!)),
    weightGradient: lend(module.weightGradient, 6, (_a, _b, _rows, inputs) => module.weightGradientScratch(inputs!)),
    attentionForward: lend(module.attentionForward, 7, (...args) => module.attentionScratch(args[7]!, args[5]!)),
    attentionBackward: lend(module.attentionBackward, 10, (...args) => module.attentionScratch(args[10]!, args[8]!)),
    attentionCached: lend(module.attentionCached, 12, (...args) => (args[5]! / args[6]!) * args[11]!),
    logProbsForward: lend(module.logProbsForward, 5, (_logits, _targets, _rows, vocab) => vocab!),
    rotaryBackward: lend(module.rotaryBackward, 12, (...args) => 5 * args[11]!),
    rmsNormBackward: lend(module.rmsNormBackward, 8, (...args) => 2 * args[5]!),
    sumRows: lend(module.sumRows, 4, (_x, _rows, width) => 2 * width!),
  };
}
