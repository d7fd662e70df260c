import { packageFolder, packageVersion } from "./load-native.js";
import { nativeFolder, readManifest, staleReason, type NativeManifest } from "./native-folder.js";

/** State of what {@link installNative} left. */
export type NativeStatus =
  | { readonly state: "absent"; readonly folder: string }
  | { readonly state: "installed"; readonly folder: string; readonly manifest: NativeManifest }
  | { readonly state: "stale"; readonly folder: string; readonly manifest: NativeManifest; readonly reason: string };

/** Reads the state of the folder without loading TensorFlow. */
export function nativeStatus(folder: string = nativeFolder()): NativeStatus {
  const manifest = readManifest(folder);
  if (manifest === undefined) return { state: "absent", folder };
  const sources = packageFolder("tfjs-node", "tfjs-node-gpu");
  const reason =
    sources === undefined
      ? "neither @tensorflow/tfjs-node nor @tensorflow/tfjs-node-gpu is installed"
      : staleReason(folder, manifest, packageVersion(sources));
  return reason === undefined ? { state: "installed", folder, manifest } : { state: "stale", folder, manifest, reason };
}
