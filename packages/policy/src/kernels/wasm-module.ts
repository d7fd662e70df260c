import type * as tf from "@tensorflow/tfjs-core";
import type { FusedKernels } from "./kernel-context.js";
import { kernelModule } from "./module.generated.js";

/** The exports of assembly/index.ts; see there for what each argument is. */
export interface KernelExports extends FusedKernels {
  attentionScratch(maxLength: number, headDim: number): number;
  matmulScratch(rows: number, columns: number, inner: number): number;
  weightGradientScratch(inputs: number): number;
}

/** The part of tfjs-backend-wasm 4.22 that is used beyond its public interface. */
export interface WasmBackend {
  readonly wasm: { readonly asm: { readonly memory: WebAssembly.Memory } };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: "float32" | "int32"): tf.TensorInfo;
}

/** Instantiates our kernels inside the memory of the wasm backend. */
export async function instantiateKernels(backend: WasmBackend): Promise<KernelExports> {
  const bytes = Uint8Array.from(atob(kernelModule), (character) => character.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory: backend.wasm.asm.memory } });
  return instance.exports as unknown as KernelExports;
}
