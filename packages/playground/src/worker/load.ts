import type { ModelFiles } from "@retool-ts/policy";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import simdUrl from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";
import configUrl from "../model/config.json?url";
import generationConfigUrl from "../model/generation_config.json?url";
import weightsUrl from "../model/model.safetensors?url";
import tokenizerUrl from "../model/tokenizer.json?url";
import tokenizerConfigUrl from "../model/tokenizer_config.json?url";
import { adapterRefusal } from "../engine/adapter.js";
import type { Refusal } from "../engine/choose-engine.js";
import type { Compute } from "../engine/compute.js";
import type { MODEL_FILES } from "../session/open-policy.js";

const ADDRESSES: Readonly<Record<(typeof MODEL_FILES)[number], string>> = {
  "config.json": configUrl,
  "generation_config.json": generationConfigUrl,
  "model.safetensors": weightsUrl,
  "tokenizer.json": tokenizerUrl,
  "tokenizer_config.json": tokenizerConfigUrl,
};

/** Files of the policy that training begins with. */
export async function fetchModel(): Promise<ModelFiles> {
  return Object.fromEntries(
    await Promise.all(Object.entries(ADDRESSES).map(async ([name, url]) => [name, await fetchBytes(url)] as const)),
  );
}

/** The names that TensorFlow.js asks for, depending on the browser. */
const WEB_ASSEMBLY = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];

/** Has TensorFlow.js take its WebAssembly from this site: one file, as the kernels need SIMD, and threads are switched off. */
export function useOwnWebAssembly(): void {
  setWasmPaths(Object.fromEntries(WEB_ASSEMBLY.map((name) => [name, simdUrl])));
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
}

/** Starts WebGPU where a graphics card is behind it; only then is the program for it loaded. */
export async function openWebGpu(allowsSoftware: boolean): Promise<Compute | Refusal> {
  const { gpu } = navigator as { readonly gpu?: GPU };
  const refusal = adapterRefusal(await gpu?.requestAdapter({ powerPreference: "high-performance" }), allowsSoftware);
  if (refusal !== undefined) return { refusal };
  const webGpu = await import("./webgpu.js");
  return webGpu.openWebGpu();
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
