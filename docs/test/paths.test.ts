import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { documentPaths, sourcePaths } from "./fences.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

const fileNames = new Set(
  ["packages", "apps", "docs", "scripts"].flatMap((folder) => namesBelow(join(root, folder)).map((path) => path.split("/").at(-1)!)),
);

function namesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [`${folder}/${entry.name}`];
    return entry.name === "node_modules" || entry.name === "dist" ? [] : namesBelow(`${folder}/${entry.name}`);
  });
}

/** Folders that the build of the site makes. */
const MADE: ReadonlySet<string> = new Set(["docs/api", "docs/reference"]);

/** A place of this repository that a document names. */
interface Named {
  readonly where: string;
  readonly name: string;
  readonly exists: boolean;
}

/**
 * Paths in backticks from the root (`packages/…`, `apps/…`), names of TypeScript files alone in backticks (`gae.ts`), and targets of links
 * within the repository. Code blocks are left out.
 */
function namedIn(document: string): Named[] {
  const lines = readFileSync(join(root, document), "utf8")
    .replace(/^(`{3,}).*?^\1/gms, (block) => block.replace(/[^\n]/g, ""))
    .split("\n");
  return lines.flatMap((line, index) => {
    const named = (pattern: RegExp, exists: (name: string) => boolean) =>
      [...line.matchAll(pattern)].map(([, name]) => ({ where: `${document}:${index + 1}`, name: name!, exists: exists(name!) }));
    const isLinked = (target: string) => existsSync(join(root, dirname(document), target)) || /\/(api|reference|playground)\//.test(target); // made by the build
    return [
      ...named(/`((?:packages|apps|docs|scripts)\/[\w./-]+)`/g, (path) => MADE.has(path) || existsSync(join(root, path))),
      ...named(/`([\w-]+(?:\.[\w-]+)*\.ts)`/g, (name) => fileNames.has(name)),
      ...(document.endsWith(".md") ? named(/\]\(((?!\w+:|#)[^)#\s]+)/g, isLinked) : []),
    ];
  });
}

test.each([...documentPaths(root), ...sourcePaths(root)].flatMap(namedIn))("$where names $name, which exists", ({ exists }) => {
  expect(exists).toBe(true);
});
