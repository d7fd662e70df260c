import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, BuildResult } from "esbuild";

/** The synchronous build of esbuild. */
export type BuildSync = (options: BuildOptions & { write: false }) => BuildResult<{ write: false }>;

/** Texts that the browser's entry embeds, as esbuild's `define` takes them: made when the package is built, and by its tests. */
export function browserParts(source: string, buildSync: BuildSync): Record<string, string> {
  const script = (file: string, platform: "browser" | "neutral"): string => {
    const shared = { bundle: true, write: false, minify: true, target: "es2022", logLevel: "error" } as const;
    const from = { entryPoints: [join(source, file)], platform, conditions: ["@retool-ts/source"] };
    const format = platform === "browser" ? "iife" : "esm";
    const logOverride = { "empty-import-meta": "silent" } as const; // the engine's address, which is not asked for
    return buildSync({ ...shared, ...from, format, logOverride }).outputFiles[0]!.text;
  };
  const engine = createRequire(join(source, "index.ts")).resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
  return {
    EMBEDDED_WORKER: JSON.stringify(script("browser/worker.ts", "browser")),
    EMBEDDED_GUEST: JSON.stringify(script("guest/index.ts", "neutral")),
    EMBEDDED_ENGINE: JSON.stringify(readFileSync(engine).toString("base64")),
  };
}

/** The package's sources, seen from this file. */
export const SOURCE_FOLDER = fileURLToPath(new URL(".", import.meta.url));
