import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { PAGE_SCRIPT, STYLE } from "@retool-ts/report/parts";
import { defineConfig, type Plugin } from "vite";

/** Puts the style and the script of every page of ours into this one, and a policy under which no other inline script runs. */
function reportParts(): Plugin {
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'wasm-unsafe-eval' 'sha256-${createHash("sha256").update(PAGE_SCRIPT).digest("base64")}'`,
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
          { tag: "script", children: PAGE_SCRIPT, injectTo: "head" },
        ],
      }),
    },
  };
}

/** The page as files that any server hands out, under any path. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  publicDir: false,
  plugins: [reportParts()],
  worker: { format: "es" },
  build: { outDir: "dist/site", emptyOutDir: true, assetsInlineLimit: 0, target: "es2022", modulePreload: { polyfill: false } },
});
