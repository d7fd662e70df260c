import type { Options } from "tsup";

type DtsConfig = Exclude<Options["dts"], boolean | string | undefined>;

/** Settings that a package may have of its own; `dts` only names other entries than the code's. */
interface Overrides extends Omit<Options, "dts"> {
  readonly dts?: Pick<DtsConfig, "entry">;
}

/**
 * The one build every package shares: ESM, declarations, source maps, ES2022 for Node 20 and current browsers. What only runs the
 * command line sets `RETOOL_BUILD=javascript` and goes without declarations, which take most of the time.
 */
export function packageBuild({ dts = {}, ...overrides }: Overrides = {}): Options {
  return {
    entry: ["src/index.ts"],
    format: ["esm"],
    target: "es2022",
    platform: "node",
    dts: process.env["RETOOL_BUILD"] !== "javascript" && { compilerOptions: { ignoreDeprecations: "6.0" }, ...dts },
    sourcemap: true,
    clean: true,
    splitting: true,
    ...overrides,
  };
}
