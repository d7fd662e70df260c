import { mergeConfig } from "vitest/config";
import { packageTests } from "../../vitest.base.js";

// What is waited for comes at once on a quiet machine; a busy one may take its time.
export default mergeConfig(packageTests("tinker-server"), { test: { expect: { poll: { timeout: 30_000 } } } });
