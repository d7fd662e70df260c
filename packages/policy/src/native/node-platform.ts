import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { Worker } from "node:worker_threads";
import { withSharedMemory } from "../kernels/shared-memory.js";
import { providePlatform } from "../platform.js";
import { loadNative } from "./load-native.js";
import { registerNativeKernels } from "./native-kernels.js";

const require = createRequire(import.meta.url);

/** Names under which tfjs asks for its WebAssembly. All processors that Node 20 runs on take the one with vectors. */
const WASM_FILES = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"];

providePlatform({
  loadNative,
  registerNativeKernels,
  wasmFiles() {
    const folder = join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist") + sep;
    const program = withSharedMemory(readFileSync(join(folder, WASM_FILES[1]!)));
    if (program === undefined) return { places: folder, areFetched: false };
    const url = `data:application/wasm;base64,${Buffer.from(program).toString("base64")}`;
    return { places: Object.fromEntries(WASM_FILES.map((name) => [name, url])), areFetched: true };
  },
  freeBytes: () => process.availableMemory(), // a container's limit counted in
  startThread(program, workerData) {
    try {
      const worker = new Worker(`const data = require("node:worker_threads").workerData;\n${program}`, {
        eval: true,
        workerData,
        env: {},
        execArgv: [],
        stdin: false,
      });
      worker.on("error", warn); // work that nobody takes up is done by the thread that asks for it
      worker.unref();
      return { stop: () => void worker.terminate() };
    } catch (error) {
      warn(error);
      return { stop: () => {} };
    }
  },
});

function warn(error: unknown): void {
  process.emitWarning(`wasm computes with a thread less: ${error instanceof Error ? error.message : String(error)}`);
}
