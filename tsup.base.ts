import type { Options } from "tsup";

/** The one build every package shares: ESM, declarations, source maps, ES2022 for Node 20 and current browsers. */
export function packageBuild(overrides: Options = {}): Options {
  return {
    entry: ["src/index.ts"],
    format: ["esm"],
    target: "es2022",
    platform: "node",
    dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
    sourcemap: true,
    clean: true,
    splitting: true,
    ...overrides,
  };
}
