// Bundles a script of a page, and writes it as text into a module of TypeScript: pages of ours hold their script, and its hash.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

/**
 * @param {string} entry - the script's first module.
 * @param {string} target - the module to write, `*.generated.ts`.
 * @param {Record<string, string>} texts - what else it exports, by name.
 */
export async function writeBrowserScript(entry, target, name, texts = {}) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    minify: true,
    legalComments: "none",
    conditions: ["@retool-ts/source"],
  });
  const script = `"use strict";${outputFiles[0].text.trim()}`;
  const exported = { [name]: script, ...texts };
  const module = Object.entries(exported).map(([key, text]) => `export const ${key}: string = ${JSON.stringify(text)};\n`);
  const text = module.join("");
  if (existsSync(target) && readFileSync(target, "utf8") === text) return;
  writeFileSync(`${target}.${process.pid}`, text);
  renameSync(`${target}.${process.pid}`, target);
}
