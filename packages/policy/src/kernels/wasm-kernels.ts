import { RetoolError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import { provideKernels, type KernelContext } from "./kernel-context.js";
import { SCRATCH_ARGUMENT, type FusedKernels, type WasmExports } from "./kernels.generated.js";
import { floatsAfter, NULL, type Pointer } from "./pointer.js";
import { instantiateKernels, type WasmBackend } from "./wasm-module.js";

let registered: object | undefined;

/** Prepares the fused kernels for the current wasm backend; calling it again is free. */
export async function registerWasmKernels(): Promise<void> {
  const backend = tf.backend() as unknown as WasmBackend & { disposeData(dataId: object): boolean };
  if (registered === backend) return;
  const module = await instantiateKernels(backend);
  const pointer = (tensor: tf.TensorInfo) => backend.dataIdMap.get(tensor.dataId).memoryOffset;
  const output = (...shape: number[]) => {
    const tensor = backend.makeOutput(shape, "float32");
    if (pointer(tensor) === NULL && tf.util.sizeFromShape(shape) > 0) {
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
  provideKernels("wasm", { ...tensors, kernels: fusedKernels(module, tensors) });
}

type WasmTensors = Required<Pick<KernelContext, "pointer" | "output" | "free" | "view">>;

/** The module's functions without the scratch memory that some of them want as an argument, because the module has no memory of its own. */
function fusedKernels(module: WasmExports, { pointer, output, free, view }: WasmTensors): FusedKernels {
  const allocated = (floats: number, run: (scratch: Pointer) => void) => {
    const scratch = floats === 0 ? undefined : output(floats);
    run(scratch === undefined ? NULL : pointer(scratch));
    if (scratch !== undefined) free(scratch);
  };
  const withScratch = <Name extends Exclude<keyof typeof SCRATCH_ARGUMENT, "sampleRows">>(
    name: Name,
    floats: (...args: Parameters<FusedKernels[Name]>) => number,
  ): ((...args: Parameters<FusedKernels[Name]>) => void) => {
    const place = SCRATCH_ARGUMENT[name];
    const run = module[name] as (...args: number[]) => void;
    return (...args) => allocated(floats(...args), (scratch) => run(...args.slice(0, place), scratch, ...args.slice(place)));
  };
  const attention = (maxLength: number, headDim: number) => module.attentionScratch(maxLength, headDim);
  return {
    ...module,
    matmul: withScratch("matmul", (_a, _b, _k, _n, _c, rows, columns, inner) => module.matmulScratch(rows, columns, inner)),
    weightGradient: withScratch("weightGradient", (_x, _dy, _tokens, inputs) => module.weightGradientScratch(inputs)),
    attentionForward: withScratch("attentionForward", (_qkv, _offsets, _rows, _heads, _kvHeads, headDim, _scale, maxLength) =>
      attention(maxLength, headDim),
    ),
    attentionBackward: withScratch(
      "attentionBackward",
      (_qkv, _out, _sums, _dout, _offsets, _rows, _heads, _kvHeads, headDim, _scale, maxLength) => attention(maxLength, headDim),
    ),
    attentionCached: withScratch(
      "attentionCached",
      (_qkv, _offsets, _slots, _past, _rows, heads, kvHeads, _headDim, _scale, _keys, _values, capacity) => (heads / kvHeads) * capacity,
    ),
    sampleRows(logits, rows, vocab, allowed, unused, unusedCount, draws) {
      const drawFloats = 2 * draws.length;
      const space = output(drawFloats + unusedCount + module.sampleScratch(vocab));
      const { buffer, byteOffset } = view(space);
      const values = new Float64Array(buffer, byteOffset, draws.length);
      values.set(draws);
      const ids = floatsAfter(pointer(space), drawFloats + module.sampleScratch(vocab));
      new Int32Array(buffer, ids, unusedCount).set(unused);
      module.sampleRows(logits, rows, vocab, allowed, ids, unusedCount, floatsAfter(pointer(space), drawFloats), pointer(space));
      draws.set(values);
      free(space);
    },
    logProbsForward: withScratch("logProbsForward", (_logits, _targets, _rows, vocab) => vocab),
    rotaryBackward: withScratch(
      "rotaryBackward",
      (_qkv, _query, _key, _cos, _sin, _positions, _rstd, _dout, _tokens, _heads, _kvHeads, headDim) => 5 * headDim,
    ),
    rmsNormBackward: withScratch("rmsNormBackward", (_x, _weight, _rstd, _dy, _rows, width) => 2 * width),
    sumRows: withScratch("sumRows", (_x, _rows, width) => 2 * width),
  };
}
