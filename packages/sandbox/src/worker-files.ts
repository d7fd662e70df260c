import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { heapEndAddress } from "./engine/heap-end.js";
import { meteredEngine } from "./engine/metered-engine.js";
import { webAssembly, type CompiledModule } from "./web-assembly.js";

/** Files that the threads are started from. */
export interface WorkerFiles {
  readonly supervisor: URL;
  readonly worker: URL;
  readonly guestSource: string;
  readonly wasmModule: CompiledModule;
  readonly heapEndAt: number | undefined;
}

let loaded: Promise<WorkerFiles> | undefined;

/** Finds the threads' files, the guest's source and the compiled engine; once a process. */
export function loadWorkerFiles(): Promise<WorkerFiles> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<WorkerFiles> {
  const wasmFile = createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
  const folder = await workerFolder();
  const [bytes, guestSource] = await Promise.all([readFile(wasmFile), readFile(new URL("guest.js", folder), "utf8")]);
  const wasmModule = await webAssembly.compile(meteredEngine(bytes));
  return {
    supervisor: new URL("supervisor.js", folder),
    worker: new URL("worker.js", folder),
    guestSource,
    wasmModule,
    heapEndAt: heapEndAddress(bytes),
  };
}

/** The folder of the files that threads and processes are started from. */
export function workerFolder(): Promise<URL> {
  return import.meta.url.endsWith(".ts") ? bundled() : Promise.resolve(new URL(".", import.meta.url));
}

/** From TypeScript sources, as tests run, there is no worker file yet. */
async function bundled(): Promise<URL> {
  const { bundleWorker } = await import("./bundle-worker.js");
  return bundleWorker();
}
