import { meteredModule } from "./metered-module.js";

/** QuickJS's WebAssembly with a counter of its work in it. What it imports are dates, its memory's growth and output: some µs a call. */
export function meteredEngine(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return meteredModule(bytes, { importWork: 1_000 });
}
