import { defineConfig } from "tsup";
import { packageBuild } from "../../tsup.base.js";

// supervisor.js and worker.js run in threads; guest.js is read as text and evaluated inside QuickJS, so it must share no
// chunk with them: not even what the compiler adds for syntax that the target lacks, such as `await using`.
export default defineConfig(
  packageBuild({
    entry: { index: "src/index.ts", supervisor: "src/supervisor.ts", worker: "src/worker.ts", guest: "src/guest/index.ts" },
    dts: { entry: "src/index.ts" },
  }),
);
