import { mergeConfig } from "vitest/config";
import { packageTests } from "../../vitest.base.js";

// tfjs keeps its gradients in a file that only a bundler can load, and backend and core must share one copy of core.
export default mergeConfig(packageTests("algorithms"), {
  test: { setupFiles: ["./test/setup.ts"], server: { deps: { inline: [/@tensorflow/] } } },
});
