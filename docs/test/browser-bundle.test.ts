import { isBuiltin } from "node:module";
import { join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Packages whose main entry runs in a browser; what needs Node stands in an entry of its own. */
const packages = ["core", "data", "reward", "rollout", "algorithms", "engine", "evaluate", "train"];

/** Importers of Node's built-in modules in what a browser would load of a package, by file. */
async function builtinsIn(entry: string): Promise<string[]> {
  const found: string[] = [];
  const builtins: Plugin = {
    name: "builtins",
    setup({ onResolve }) {
      onResolve({ filter: /^[a-z]/ }, ({ path, importer }) => {
        if (!isBuiltin(path) || importer.includes("/node_modules/")) return undefined; // libraries have their own files for browsers, or fail the build
        found.push(`${relative(root, importer)}: ${path}`);
        return { path, external: true };
      });
    },
  };
  const conditions = ["@retool-ts/source", "browser"];
  await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "browser",
    format: "esm",
    conditions,
    plugins: [builtins],
    logLevel: "silent",
  });
  return found;
}

test.each(packages)("the main entry of %s has no module of Node", async (name) => {
  expect(await builtinsIn(join(root, `packages/${name}/src/index.ts`))).toEqual([]);
});

test.each(["runs/src/records-entry.ts", "report/src/parts-entry.ts", "policy/src/index.ts"])(
  "the entry %s has no module of Node",
  async (entry) => {
    expect(await builtinsIn(join(root, "packages", entry))).toEqual([]);
  },
);

test("a module of Node would be seen", async () => {
  expect(await builtinsIn(join(root, "packages/data/src/load-tokenizer.ts"))).toContain("packages/data/src/load-tokenizer.ts: node:path");
});
