import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cpus, homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

/** Facts about a binding that was built from a TensorFlow wheel; kept beside it as JSON. */
export const NativeManifest = z.strictObject({
  /** Version of TensorFlow, as its library says. */
  tensorflow: z.string(),
  /** Version of tfjs-node whose sources were compiled; the JavaScript half must be the same. */
  tfjsNode: z.string(),
  /** The wheel's library: it stays where pip put it. */
  library: z.string(),
  /** Device that TensorFlow computes on. */
  device: z.enum(["cpu", "gpu"]),
  platform: z.string(),
  arch: z.string(),
  /** Model of the processor that it was compiled for; absent when it runs on all of that architecture. */
  processor: z.string().optional(),
});
/** Parsed {@link NativeManifest}. */
export interface NativeManifest extends z.infer<typeof NativeManifest> {}

/** File name of the compiled binding. */
export const BINDING = "tfjs_binding.node";
/** File name of the compiled module that keeps TensorFlow's greetings off stderr while the binding is loaded. */
export const QUIET = "quiet.node";
const MANIFEST = "manifest.json";
const CPU_INFO = "/proc/cpuinfo";

/** Folder of the binding: `RETOOL_NATIVE_DIR`, or one of the user's own, `~/.local/share/retool/native`. */
export function nativeFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { RETOOL_NATIVE_DIR: chosen, XDG_DATA_HOME: data } = environment;
  return chosen || join(data || join(homedir(), ".local", "share"), "retool", "native");
}

/** This machine's processor: its model, and a hash of its features, which virtual machines of one model may lack. */
export function processor(): string {
  const features = existsSync(CPU_INFO) ? /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync(CPU_INFO, "utf8"))?.[1] : undefined;
  const hash = createHash("sha256")
    .update(features ?? "")
    .digest("hex")
    .slice(0, 8);
  return `${cpus()[0]?.model ?? "unknown"} (features ${hash})`;
}

/** The manifest's path in a folder. */
export function manifestPath(folder: string): string {
  return join(folder, MANIFEST);
}

/** Manifest of a folder; undefined when nothing is installed, or when it cannot be read. */
export function readManifest(folder: string): NativeManifest | undefined {
  if (!existsSync(manifestPath(folder))) return undefined;
  try {
    return NativeManifest.parse(JSON.parse(readFileSync(manifestPath(folder), "utf8")));
  } catch {
    return undefined;
  }
}

/** Why an installed binding cannot be loaded, in one line; undefined when nothing speaks against it. */
export function staleReason(folder: string, manifest: NativeManifest, tfjsNode: string): string | undefined {
  const again = "run `retool native install` again";
  if (manifest.platform !== process.platform || manifest.arch !== process.arch)
    return `it was built for ${manifest.platform} ${manifest.arch}; ${again}`;
  if (manifest.processor !== undefined && manifest.processor !== processor())
    return `it was built for the processor ${manifest.processor}, and ${processor()} is here; ${again}`;
  if (manifest.tfjsNode !== tfjsNode) return `it was built for tfjs-node ${manifest.tfjsNode}, and ${tfjsNode} is here; ${again}`;
  if (!existsSync(manifest.library)) return `${manifest.library} is gone; ${again}`;
  if (!existsSync(join(folder, BINDING))) return `${join(folder, BINDING)} is gone; ${again}`;
  return undefined;
}
