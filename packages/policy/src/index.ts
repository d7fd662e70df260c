/**
 * A decoder-only transformer on TensorFlow.js: forward and backward passes without padding, a sampler with a KV cache that stays
 * across tool calls, AdamW, and checkpoints in the Hugging Face layout.
 *
 * @packageDocumentation
 */
export { AdamW, type AdamWOptions, type UpdateResult } from "./adamw.js";
export { BACKENDS, probeBackends, useBackend, type BackendName, type BackendProbe } from "./backend.js";
export { chooseBackend, type BackendChoice } from "./choose-backend.js";
export { loadModel, readModelConfig, saveModel, type SaveModelOptions } from "./checkpoint/checkpoint.js";
export { modelConfigFromHuggingFace, type ModelConfig } from "./config.js";
export { Critic, type CriticOptions } from "./critic.js";
export { loadCritic, saveCritic } from "./checkpoint/critic-checkpoint.js";
export { type LocalSamplerOptions, type SamplerStats } from "./sampler/decode-request.js";
export { FrozenPolicy, type FrozenPolicyOptions } from "./frozen-policy.js";
export { type GgufValue } from "./gguf/gguf-cursor.js";
export { readGgufMetadata } from "./gguf/gguf-file.js";
export {
  adapterBaseModel,
  isAdapterFolder,
  loadAdapter,
  readAdapterOptions,
  saveAdapter,
  type SaveAdapterOptions,
} from "./lora/adapter-checkpoint.js";
export { LORA_MODULES, type LoraModule, type LoraOptions } from "./lora/lora-options.js";
export { type LossNumbers } from "./gradient-accumulator.js";
export { createKVCache } from "./kv-cache/kv-cache.js";
export type { KVCache } from "./kv-cache/kv-cache-types.js";
export { LocalEngine, type LocalEngineOptions, type LocalForwardBackwardOptions, type LocalScoringOptions } from "./local-engine.js";
export { branchPolicy, type EngineFiles } from "./engine-parts.js";
export { engineFiles } from "./checkpoint/engine-files.js";
export { MemoryError, type MemoryRemedy } from "./memory-error.js";
export { checkMemoryNeed } from "./memory-limit.js";
export { cacheBytesPerToken, memoryNeed, type MemoryNeed, type MemoryUse } from "./memory-need.js";
export { type MicroBatchOptions } from "./micro-batch-sum.js";
export type { TokenLogProbs } from "./ops/token-log-probs.js";
export { disposeLayout, packRows, type PackedLayout } from "./ops/packed.js";
export { type ParameterKind } from "./parameter-table.js";
export { parameterCount, parameterSpecs, type ParameterSpec, type TrainableParameters } from "./parameter-specs.js";
export { Parameters, type InitOptions } from "./parameters.js";
export { installNative, removeNative, type InstallNativeOptions } from "./native/install-native.js";
export type { NativeBackend } from "./native/tensorflow-backend.js";
export { type NativeManifest } from "./native/native-folder.js";
export { nativeStatus, type NativeStatus } from "./native/native-status.js";
export { loadOptimizer, saveOptimizer } from "./checkpoint/optimizer-checkpoint.js";
export { type RopeScaling } from "./rope-scaling.js";
export { LocalSampler } from "./sampler/sampler.js";
export type { FloatType } from "./checkpoint/safetensors-file.js";
export { sampleToken, type SampledToken, type SamplingOptions } from "./sampler/sampling.js";
export { Transformer, type TrainingPass, type TransformerOptions } from "./transformer.js";
