/**
 * Native TensorFlow, and models, adapters and states in files: all that needs Node. Importing it lets `useBackend` find native TensorFlow.
 *
 * @packageDocumentation
 */
import "./native/node-platform.js";

export { probeBackends, useBackend, type BackendName, type BackendOptions, type BackendProbe } from "./backend.js";
export { loadModel, readModelConfig, saveModel } from "./checkpoint/checkpoint.js";
export { loadCritic, saveCritic } from "./checkpoint/critic-checkpoint.js";
export { engineFiles } from "./checkpoint/engine-files.js";
export { loadOptimizer, saveOptimizer } from "./checkpoint/optimizer-checkpoint.js";
export type { FloatType } from "./checkpoint/float-type.js";
export type { SaveModelOptions } from "./checkpoint/model-files.js";
export { chooseBackend, type BackendChoice } from "./choose-backend.js";
export { type GgufValue } from "./gguf/gguf-cursor.js";
export { writeGgufAdapter } from "./gguf/gguf-adapter.js";
export { readGgufMetadata } from "./gguf/gguf-file.js";
export {
  adapterBaseModel,
  isAdapterFolder,
  loadAdapter,
  readAdapterOptions,
  saveAdapter,
  type SaveAdapterOptions,
} from "./lora/adapter-checkpoint.js";
export { installNative, removeNative, type InstallNativeOptions } from "./native/install-native.js";
export { type NativeManifest } from "./native/native-folder.js";
export { nativeStatus, type NativeStatus } from "./native/native-status.js";
export type { NativeBackend } from "./native/tensorflow-backend.js";
export { usableThreads } from "./native/usable-threads.js";
