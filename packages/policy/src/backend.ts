import { InputError } from "@retool-ts/core";
import * as tf from "@tensorflow/tfjs-core";
import "./gradients.js";
import { registerWasmKernels } from "./kernels/wasm-kernels.js";
import type { NativeBackend } from "./native/tensorflow-backend.js";
import { currentPlatform } from "./platform.js";

/** Backends in the order in which they are tried. */
export const BACKENDS = ["tfjs-node-gpu", "tfjs-node", "wasm", "cpu"] as const;
/** Name of a backend, as options and reports spell it. */
export type BackendName = (typeof BACKENDS)[number];

/** How a backend computes. */
export interface BackendOptions {
  /** Threads that wasm computes with, in Node; what it computes does not depend on them. Default: 1. */
  readonly threads?: number;
}

/** Result of trying one backend. */
export interface BackendProbe {
  readonly name: BackendName;
  readonly available: boolean;
  /** Version of TensorFlow.js. */
  readonly version: string;
  /** Why it is not available, in one line. */
  readonly reason?: string;
  /** Facts about native TensorFlow. */
  readonly native?: NativeBackend;
}

const version = tf.version_core;

/** Tries to load one backend without making it the current one. */
async function load(name: BackendName): Promise<BackendProbe> {
  const platform = currentPlatform();
  try {
    switch (name) {
      case "tfjs-node-gpu":
      case "tfjs-node":
        if (platform === undefined) throw new Error("import @retool-ts/policy/node first");
        return { name, available: true, version, native: platform.loadNative(name) };
      case "wasm": {
        const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
        if (platform === undefined) break;
        const { places, areFetched } = platform.wasmFiles();
        setWasmPaths(places, areFetched);
        break;
      }
      case "cpu":
        await import("@tensorflow/tfjs-backend-cpu");
    }
    return { name, available: true, version };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0]!.slice(0, 160);
    return { name, available: false, version, reason };
  }
}

/** Tries every backend and says which load, without changing the current one. */
export async function probeBackends(): Promise<BackendProbe[]> {
  const probes: BackendProbe[] = [];
  for (const name of BACKENDS) probes.push(await load(name));
  return probes;
}

/**
 * Makes a backend current: the one asked for, or the first that loads. Native TensorFlow needs `@retool-ts/policy/node`. In a browser,
 * `setWasmPaths` of `@tensorflow/tfjs-backend-wasm` says where its WebAssembly lies.
 *
 * @param wanted - a name, or `auto` for the first of {@link BACKENDS} that loads.
 * @returns the name of the backend now in use.
 * @throws InputError when the one asked for does not load.
 */
export async function useBackend(wanted: BackendName | "auto" = "auto", { threads = 1 }: BackendOptions = {}): Promise<BackendName> {
  const failures: string[] = [];
  for (const name of wanted === "auto" ? BACKENDS : [wanted]) {
    const probe = await load(name);
    const registered = name.startsWith("tfjs-node") ? "tensorflow" : name;
    if (probe.available && (await activate(registered, threads))) return name;
    failures.push(`${name}: ${probe.reason ?? "it did not start"}`);
  }
  throw new InputError({
    what: "backend",
    where: wanted,
    expected: `one that loads on this machine (${BACKENDS.join(", ")})`,
    found: failures.join("; "),
    fix: "leave the backend on auto",
  });
}

/** The cpu backend advises another one at its first tensor, in a banner on the console; `retool doctor` says it in a line. */
function withoutAdvice(firstUse: () => void): void {
  const production = tf.env().get("PROD");
  tf.env().set("PROD", true);
  firstUse();
  tf.env().set("PROD", production);
}

async function activate(registered: string, threads: number): Promise<boolean> {
  try {
    if (!(await tf.setBackend(registered))) return false;
    await tf.ready();
    if (registered === "wasm") await registerWasmKernels({ threads, startThread: currentPlatform()?.startThread });
    if (registered === "tensorflow") currentPlatform()?.registerNativeKernels();
    if (registered === "cpu") withoutAdvice(() => tf.scalar(0).dispose());
    return true;
  } catch {
    return false;
  }
}
