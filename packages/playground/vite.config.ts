import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { STYLE } from "@retool-ts/report/parts";
import { defineConfig, type Plugin } from "vite";

const SITE = fileURLToPath(new URL("dist/site", import.meta.url));
const MOST_MIB = 1.5;

/** Puts the style of every page of ours into this one, and a policy under which no inline script runs. */
function reportParts(): Plugin {
  const policy = [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return {
    name: "report-parts",
    transformIndexHtml: {
      order: "post",
      handler: (html) => ({
        html,
        tags: [
          { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: policy }, injectTo: "head-prepend" },
          { tag: "style", children: STYLE, injectTo: "head-prepend" },
        ],
      }),
    },
  };
}

/** Start of the name of the files that are loaded only where there is a graphics card. */
const LATER = "webgpu";

/** Tells how much the page weighs, all files of its first load counted, and refuses one that is too heavy for a first look. */
function weight(): Plugin {
  let folder = SITE;
  return {
    name: "weight",
    apply: "build",
    configResolved: ({ root, build }) => void (folder = resolve(root, build.outDir)),
    closeBundle() {
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const mebibytes = (isCounted: (name: string) => boolean) =>
        files
          .filter(({ name }) => isCounted(name))
          .reduce((sum, { parentPath, name }) => sum + gzipSync(readFileSync(join(parentPath, name)), { level: 9 }).length, 0) /
        2 ** 20;
      const [first, later] = [mebibytes((name) => !name.startsWith(LATER)), mebibytes((name) => name.startsWith(LATER))];
      const size = `${first.toFixed(2)} MiB compressed, of at most ${MOST_MIB}`;
      if (first > MOST_MIB) throw new Error(`the playground is too heavy: ${size}`);
      if (later === 0) throw new Error("the playground's program for WebGPU is not a file of its own");
      console.log(`playground: ${size}; ${later.toFixed(2)} MiB more where there is a graphics card for WebGPU`);
    },
  };
}

/** The page as files that any server hands out, under any path. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  publicDir: false,
  plugins: [reportParts(), weight()],
  worker: { format: "es" },
  build: { outDir: SITE, emptyOutDir: true, assetsInlineLimit: 0, target: "es2022", modulePreload: { polyfill: false } },
});
