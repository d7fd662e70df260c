import { mergeConfig } from "vitest/config";
import { packageTests } from "../../vitest.base.js";

export default mergeConfig(packageTests("policy"), { test: { setupFiles: ["./test/setup.ts"] } });
