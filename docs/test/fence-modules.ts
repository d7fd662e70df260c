import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";
import { collectFences, commentText, documentPaths, type Fence, fenceModule } from "./fences.js";

const FENCE = /^(.*\.(?:md|ts))@(\d+)\.ts$/;

/** The runnable fences of a document, or of the doc comments in a TypeScript source. */
export function fencesOf(path: string): Fence[] {
  const text = readFileSync(path, "utf8");
  return collectFences(path.endsWith(".md") ? text : commentText(text));
}

/**
 * Makes documents test files: `README.md` becomes a module with one test per runnable fence, and each fence a module of its own. What a
 * fence imports by name is found among the dependencies of the documentation package, which are all packages of the workspace.
 */
export function fenceModules(root: string): Plugin {
  const documents = new Set(documentPaths(root).map((path) => join(root, path)));
  return {
    name: "retool-ts:fence-modules",
    enforce: "pre",
    resolveId(source, importer) {
      if (FENCE.test(source)) return source;
      if (importer === undefined || !FENCE.test(importer) || /^[./]/.test(source)) return null;
      return this.resolve(source, join(root, "docs/package.json"), { skipSelf: true });
    },
    load(id) {
      const [, path, line] = FENCE.exec(id) ?? [];
      if (path !== undefined) return fenceModule(fencesOf(path).find((fence) => fence.line === Number(line))!);
      return documents.has(id) ? documentModule(relative(root, id), id, fencesOf(id)) : null;
    },
  };
}

function documentModule(name: string, path: string, fences: readonly { readonly line: number }[]): string {
  const tests = fences.map(({ line }) => {
    return `test(${JSON.stringify(`${name}:${line}`)}, async () => { await import(${JSON.stringify(`${path}@${line}.ts`)}); });`;
  });
  return `import { test } from "vitest";\n${tests.join("\n")}\n`;
}
