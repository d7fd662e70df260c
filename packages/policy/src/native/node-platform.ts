import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { providePlatform } from "../platform.js";
import { loadNative } from "./load-native.js";
import { registerNativeKernels } from "./native-kernels.js";

const require = createRequire(import.meta.url);

providePlatform({
  loadNative,
  registerNativeKernels,
  wasmFolder: () => join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist") + sep,
});
