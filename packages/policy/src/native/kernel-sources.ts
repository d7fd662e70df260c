import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
let stamp: string | undefined;

/** Folder with the C++ sources of the fused kernels. */
export function kernelSources(): string {
  return join(dirname(require.resolve("@retool-ts/policy/package.json")), "native");
}

/** A hash of the sources. Kernels that were compiled from others may take other arguments. */
export function kernelStamp(): string {
  return (stamp ??= hashOf(kernelSources()));
}

function hashOf(folder: string): string {
  const hash = createHash("sha256");
  const sources = readdirSync(folder).filter((name) => /\.(cc|h)$/.test(name));
  for (const name of sources.sort()) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest("hex").slice(0, 16);
}
