import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LOADS = {
  // What a browser fetches by itself; a link that a reader may follow is no such thing.
  html: /<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\ssrc=["']?(?:https?:)?\/\/[^"'\s>]+|<link\b[^>]*\shref=["']?(?:https?:)?\/\/[^"'\s>]+/gi,
  css: /(?:url\(\s*["']?|@import\s+["'])(?:https?:)?\/\/[^"')\s]+/gi,
  js: /(?:\bimport\s*\(?|\bfrom|\bfetch\()\s*["'`]https?:\/\/[^"'`]+/gi,
};

/** Every reference in a built site by which a page would load something from another host, as `file: reference`. */
export function outsideReferences(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.flatMap((file) => {
    const pattern = LOADS[file.split(".").at(-1)];
    if (pattern === undefined) return [];
    return [...readFileSync(join(folder, file), "utf8").matchAll(pattern)].map(([reference]) => `${file}: ${reference}`);
  });
}
