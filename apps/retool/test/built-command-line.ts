import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";
import { afterAll, beforeAll } from "vitest";

/** Folder of this package. */
export const APP = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The command line as built from the present sources, and a folder to work in; both are there while tests run. */
export interface BuiltCommandLine {
  readonly scratch: string;
  /** Path of a built entry. */
  program(name: string): string;
}

/**
 * Builds the command line before the tests of a file, and removes it after them.
 *
 * @param programs - other entries, by name, from this package's folder
 */
export function useBuiltCommandLine(programs: Readonly<Record<string, string>> = {}): BuiltCommandLine {
  const state = { built: "", scratch: "", program: (name: string) => join(state.built, `dist/${name}.js`) };
  beforeAll(async () => {
    state.scratch = await mkdtemp(join(tmpdir(), "retool-cli-"));
    state.built = await mkdtemp(join(APP, "node_modules/.cli-test-")); // there, it finds the same dependencies as the sources
    await copyFile(join(APP, "package.json"), join(state.built, "package.json"));
    const entries = Object.entries({ cli: "src/cli.ts", ...programs }).map(([name, path]) => [name, join(APP, path)]);
    await build({
      config: false,
      silent: true,
      entry: Object.fromEntries(entries) as Record<string, string>,
      outDir: join(state.built, "dist"),
      format: ["esm"],
      target: "es2022",
      platform: "node",
      external: [/^[@a-z]/], // packages; tsup would take their names from the package.json of the folder that tests were started in
      esbuildOptions: (options) => void (options.conditions = ["@retool-ts/source"]),
    });
  });
  afterAll(async () => {
    await rm(state.built, { recursive: true, force: true });
    await rm(state.scratch, { recursive: true, force: true });
  });
  return state;
}
