import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { packageTests } from "../vitest.base.js";
import { fenceModules, fencesOf } from "./test/fence-modules.js";
import { documentPaths } from "./test/fences.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const withFences = documentPaths(root).filter((path) => fencesOf(join(root, path)).length > 0);
const shared = packageTests("docs");

/** Every document with a runnable fence is a test file; beside them are the tests in `test/`. */
export default defineConfig({
  ...shared,
  plugins: [fenceModules(root)],
  test: {
    ...shared.test,
    dir: root,
    include: process.env["RETOOL_LONG"] === "1" ? ["docs/test/**/*.long.test.ts"] : ["docs/test/**/*.test.ts", ...withFences],
  },
});
