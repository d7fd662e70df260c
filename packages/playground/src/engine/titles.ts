/** What a policy can run on in a browser. */
export type EngineName = "wasm" | "webgpu";

/** Names of the two that a visitor reads. */
export const ENGINE_TITLES: Readonly<Record<EngineName, string>> = { wasm: "WebAssembly", webgpu: "WebGPU" };
