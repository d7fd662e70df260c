import { defineConfig } from "tsup";
import { packageBuild } from "../../tsup.base.js";

// worker.js runs in a thread; guest.js is read as text and evaluated inside QuickJS.
export default defineConfig(
  packageBuild({ entry: { index: "src/index.ts", worker: "src/worker.ts", guest: "src/guest/index.ts" }, dts: { entry: "src/index.ts" } }),
);
