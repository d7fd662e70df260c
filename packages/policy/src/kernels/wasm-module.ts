import type * as tf from "@tensorflow/tfjs-core";
import { kernelModule } from "./module.generated.js";

/** A byte offset into the memory of the wasm backend. */
export type Pointer = number;

/** The exports of assembly/index.ts; see there for what each argument is. */
export interface KernelExports {
  addColumns(...args: number[]): void;
  dropout(...args: number[]): void;
  takeColumns(...args: number[]): void;
  attentionScratch(maxLength: number, headDim: number): number;
  attentionForward(...args: number[]): void;
  attentionBackward(...args: number[]): void;
  attentionCached(...args: number[]): void;
  copyCacheSlot(...args: number[]): void;
  matmul(...args: number[]): void;
  matmulScratch(rows: number, columns: number, inner: number): number;
  weightGradient(...args: number[]): void;
  weightGradientScratch(inputs: number): number;
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
}

/** The part of tfjs-backend-wasm 4.22 that is used beyond its public interface. */
export interface WasmBackend {
  readonly wasm: { readonly asm: { readonly memory: WebAssembly.Memory } };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: "float32" | "int32"): tf.TensorInfo;
}

const instances = new WeakMap<object, KernelExports>();

/** Instantiates our kernels inside the memory of the wasm backend, once a backend. */
export async function instantiateKernels(backend: WasmBackend): Promise<KernelExports> {
  const known = instances.get(backend);
  if (known !== undefined) return known;
  const bytes = Uint8Array.from(atob(kernelModule), (character) => character.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory: backend.wasm.asm.memory } });
  const kernels = instance.exports as unknown as KernelExports;
  instances.set(backend, kernels);
  return kernels;
}
