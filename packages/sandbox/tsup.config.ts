import { defineConfig } from "tsup";
import { packageBuild } from "../../tsup.base.js";

// supervisor.js and worker.js run in threads; guest.js is read as text and evaluated inside QuickJS.
export default defineConfig(
  packageBuild({
    entry: { index: "src/index.ts", supervisor: "src/supervisor.ts", worker: "src/worker.ts", guest: "src/guest/index.ts" },
    dts: { entry: "src/index.ts" },
  }),
);
