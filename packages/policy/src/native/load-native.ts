import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { BINDING, nativeFolder, QUIET, readManifest, staleReason } from "./native-folder.js";
import { usableKernels } from "./native-kernels.js";
import type { NativeBackend, NativePackage, TensorFlowBackend } from "./tensorflow-backend.js";

interface BackendModule {
  readonly NodeJSKernelBackend: new (binding: unknown, packageName: string) => tf.KernelBackend;
}

const require = createRequire(import.meta.url);
let loaded: NativePackage | undefined;

/** Folder of the JavaScript half: the package asked for, or its twin with the same code. Undefined when neither is installed. */
export function packageFolder(...names: readonly NativePackage[]): string | undefined {
  for (const name of names) {
    try {
      return dirname(require.resolve(`@tensorflow/${name}/package.json`));
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Version in a package's package.json. */
export function packageVersion(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string }).version;
}

/**
 * Registers the backend `tensorflow` and leaves the current backend as it is.
 *
 * The binding is the one that the package downloaded when it was installed, else the one that `retool native install` built: it
 * serves as `tfjs-node` or `tfjs-node-gpu`, by the device of its TensorFlow.
 *
 * @throws Error with a one-line reason when there is no binding or it does not load.
 */
export function loadNative(name: NativePackage): NativeBackend {
  if (loaded === undefined) {
    const { folder, binding } = findBinding(name);
    register(name, folder, binding);
    loaded = name;
  }
  if (loaded !== name) throw new Error(`${loaded} is in use in its place`);
  const backend = tf.findBackend("tensorflow") as TensorFlowBackend;
  const { binding, isUsingGpuDevice } = backend;
  return {
    tensorflow: binding.TF_Version,
    device: isUsingGpuDevice ? "gpu" : "cpu",
    kernels: usableKernels(backend) !== undefined,
  };
}

function findBinding(name: NativePackage): { readonly folder: string; readonly binding: string } {
  const own = packageFolder(name);
  const downloaded = own === undefined ? undefined : downloadedBinding(own);
  if (own !== undefined && downloaded !== undefined) return { folder: own, binding: downloaded };
  const installed = nativeFolder();
  const manifest = readManifest(installed);
  const folder = packageFolder(name, name === "tfjs-node" ? "tfjs-node-gpu" : "tfjs-node");
  const served = manifest?.device === "gpu" ? "tfjs-node-gpu" : "tfjs-node";
  if (manifest === undefined || served !== name)
    throw new Error(own === undefined ? "the package is not installed" : "its native library is not installed");
  if (folder === undefined) throw new Error("neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu is installed");
  const stale = staleReason(installed, manifest, packageVersion(folder));
  if (stale !== undefined) throw new Error(stale);
  return { folder, binding: join(installed, BINDING) };
}

/** The newest downloaded binding that this Node can load. */
function downloadedBinding(folder: string): string | undefined {
  for (let napi = Number(process.versions.napi); napi > 0; napi--) {
    const path = join(folder, "lib", `napi-v${napi}`, BINDING);
    if (existsSync(path)) return path;
  }
  return undefined;
}

/** Does what the package's own entry does, with a binding from anywhere and without making the backend current. */
function register(name: NativePackage, folder: string, binding: string): void {
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2"; // TensorFlow greets on stderr
  guardRemovedUtil();
  const requireThere = createRequire(join(folder, "package.json"));
  const native: unknown = withoutGreetings(dirname(binding), () => requireThere(binding));
  requireThere("./dist/register_all_kernels.js");
  const { NodeJSKernelBackend } = requireThere("./dist/nodejs_kernel_backend.js") as BackendModule;
  tf.registerBackend("tensorflow", () => new NodeJSKernelBackend(native, `@tensorflow/${name}`), 3);
  if (tf.findBackend("tensorflow") === null) throw new Error("its native library did not register");
}

/** TensorFlow writes to stderr while its library is loaded, at whatever level; a module that `retool native install` built keeps it from that. */
function withoutGreetings<Loaded>(folder: string, load: () => Loaded): Loaded {
  const path = join(folder, QUIET);
  if (process.env["TF_CPP_MIN_LOG_LEVEL"] === "0" || !existsSync(path)) return load();
  const { silence, restore } = require(path) as { silence(): void; restore(): void };
  silence();
  try {
    return load();
  } finally {
    restore();
  }
}

/** tfjs-node calls functions that Node 23 removed from `util`. */
export function guardRemovedUtil(util: Record<string, unknown> = require("node:util") as Record<string, unknown>): void {
  util["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  util["isArray"] ??= Array.isArray;
}
