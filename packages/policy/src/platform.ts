import type { StartThread } from "./kernels/kernel-threads.js";
import type { NativeBackend, NativePackage } from "./native/tensorflow-backend.js";

/** Arguments of tfjs's `setWasmPaths`. */
export interface WasmFiles {
  /** A folder, with a separator at its end, or a place for each name. */
  readonly places: string | Readonly<Record<string, string>>;
  /** Whether they are URLs, which are fetched. */
  readonly areFetched: boolean;
}

/** Node's additions to what every JavaScript engine has. */
export interface Platform {
  /** @throws Error with a one-line reason when there is no native TensorFlow. */
  loadNative(name: NativePackage): NativeBackend;
  /** Has the operations use the kernels of the current native backend. */
  registerNativeKernels(): void;
  /** Where tfjs finds its WebAssembly, in memory that threads can share where that can be. */
  wasmFiles(): WasmFiles;
  /** Memory that this process could still take, in bytes. */
  freeBytes(): number;
  /** Starts a thread that does not keep the process alive. */
  readonly startThread: StartThread;
}

let current: Platform | undefined;

/** Has backends come from this platform as well; `@retool-ts/policy/node` does so. */
export function providePlatform(platform: Platform): void {
  current = platform;
}

/** Undefined where `@retool-ts/policy/node` is not loaded. */
export function currentPlatform(): Platform | undefined {
  return current;
}
