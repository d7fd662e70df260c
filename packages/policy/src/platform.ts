import type { NativeBackend, NativePackage } from "./native/tensorflow-backend.js";

/** Node's additions to what every JavaScript engine has. */
export interface Platform {
  /** @throws Error with a one-line reason when there is no native TensorFlow. */
  loadNative(name: NativePackage): NativeBackend;
  /** Has the operations use the kernels of the current native backend. */
  registerNativeKernels(): void;
  /** Folder of tfjs's WebAssembly, with a separator at its end. */
  wasmFolder(): string;
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
