import { mergeConfig } from "vitest/config";
import { packageTests } from "../../vitest.base.js";

// tfjs, by which losses are checked, keeps its gradients in a file that only a bundler can load.
export default mergeConfig(packageTests("tinker"), { test: { server: { deps: { inline: [/@tensorflow/] } } } });
