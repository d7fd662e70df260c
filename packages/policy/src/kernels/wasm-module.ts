import type * as tf from "@tensorflow/tfjs-core";
import type { WasmExports } from "./kernels.generated.js";
import { kernelModule } from "./module.generated.js";
import type { Pointer } from "./pointer.js";
import { isShared, withOwnMemory } from "./shared-memory.js";

/** The part of tfjs-backend-wasm 4.22 that is used beyond its public interface. */
export interface WasmBackend {
  readonly wasm: { readonly asm: { readonly memory: WebAssembly.Memory } };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: Pointer } };
  makeOutput(shape: readonly number[], dtype: "float32" | "int32"): tf.TensorInfo;
}

/** Our kernels in the memory of the wasm backend, and their program for other threads in it. */
export interface InstantiatedKernels {
  readonly exports: WasmExports;
  readonly program: WebAssembly.Module;
}

/** Instantiates our kernels inside the memory of the wasm backend. */
export async function instantiateKernels({ wasm: { asm } }: WasmBackend): Promise<InstantiatedKernels> {
  const bytes = Uint8Array.from(atob(kernelModule), (character) => character.charCodeAt(0));
  const fitting = isShared(asm.memory) ? bytes : withOwnMemory(bytes);
  const { instance, module } = await WebAssembly.instantiate(fitting, { env: { memory: asm.memory } });
  return { exports: instance.exports as unknown as WasmExports, program: module };
}
