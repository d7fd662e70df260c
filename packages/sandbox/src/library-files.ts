import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InputError } from "@retool-ts/core";
import { type LibrarySource, type PreloadName } from "./libraries.js";

/** The package of each library, and the file of it that is one script. */
const FILES: Readonly<Record<PreloadName, readonly [name: string, file: string]>> = {
  fraction: ["fraction.js", "dist/fraction.js"],
  decimal: ["decimal.js", "decimal.js"],
  nerdamer: ["nerdamer-prime", "all.min.js"],
};

const require = createRequire(import.meta.url);

/** Reads the libraries from where they are installed; throws {@link InputError} when an optional one is not. */
export function readLibraries(names: readonly PreloadName[]): Promise<LibrarySource[]> {
  return Promise.all(names.map(async (name) => ({ name, source: await readFile(fileOf(name), "utf8") })));
}

function fileOf(name: PreloadName): string {
  const [packageName, file] = FILES[name];
  try {
    return join(packageFolder(packageName), file);
  } catch (cause) {
    const facts = { what: "sandbox", where: "preload", expected: `the package ${packageName}, which "${name}" is read from` };
    throw new InputError({ ...facts, found: "that it is not installed", fix: `npm install ${packageName}` }, { cause });
  }
}

/** Packages do not agree on exporting their package.json, but all of them have a main file. */
function packageFolder(name: string): string {
  const main = require.resolve(name);
  const marker = join("node_modules", name);
  const at = main.lastIndexOf(marker);
  return at < 0 ? dirname(main) : main.slice(0, at + marker.length);
}
