import { defineConfig } from "tsup";
import { packageBuild } from "../../tsup.base.js";

export default defineConfig(packageBuild({ entry: { index: "src/index.ts", "wire/index": "src/wire/index.ts" } }));
