import type * as tf from "@tensorflow/tfjs-core";
import type { WasmExports } from "./kernels.generated.js";
import { kernelModule } from "./module.generated.js";
import type { Pointer } from "./pointer.js";

/** The part of tfjs-backend-wasm 4.22 that is used beyond its public interface. */
export interface WasmBackend {
  readonly wasm: { readonly asm: { readonly memory: WebAssembly.Memory } };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: Pointer } };
  makeOutput(shape: readonly number[], dtype: "float32" | "int32"): tf.TensorInfo;
}

/** Instantiates our kernels inside the memory of the wasm backend. */
export async function instantiateKernels(backend: WasmBackend): Promise<WasmExports> {
  const bytes = Uint8Array.from(atob(kernelModule), (character) => character.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory: backend.wasm.asm.memory } });
  return instance.exports as unknown as WasmExports;
}
