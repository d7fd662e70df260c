import { buildSync } from "esbuild";
import { defineConfig } from "tsup";
import { packageBuild } from "../../tsup.base.js";
import { browserParts, SOURCE_FOLDER } from "./src/browser-parts.js";

// supervisor.js and worker.js run in threads; guest.js is read as text and evaluated inside QuickJS, so it must share no
// chunk with them: not even what the compiler adds for syntax that the target lacks, such as `await using`.
const node = packageBuild({
  entry: {
    index: "src/index.ts",
    supervisor: "src/pool/supervisor.ts",
    worker: "src/pool/worker.ts",
    guest: "src/guest/index.ts",
    "python-supervisor": "src/python/python-supervisor.ts",
    "pyodide-child": "src/python/pyodide-child.ts",
  },
  publicDir: "src/python/guest",
  dts: { entry: "src/index.ts" },
});

/** One file with everything in it, so that any bundler takes it and a page can load it as it is. */
const browser = packageBuild({
  entry: { browser: "src/browser/index.ts" },
  dts: { entry: { browser: "src/browser/index.ts" } },
  platform: "browser",
  clean: false,
  splitting: false,
  sourcemap: false,
  noExternal: [/.*/],
  esbuildOptions: (options) => {
    options.conditions = ["@retool-ts/source"];
    options.define = { ...options.define, ...browserParts(SOURCE_FOLDER, buildSync) };
  },
});

export default defineConfig([node, browser]);
