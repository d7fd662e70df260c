/**
 * A decoder-only transformer on TensorFlow.js: forward and backward passes without padding, a sampler with a KV cache that stays
 * across tool calls, and AdamW. It runs in browsers as well; files and native TensorFlow are in `@retool-ts/policy/node`.
 *
 * @packageDocumentation
 */
export { AdamW, type AdamWOptions, type UpdateResult } from "./adamw.js";
export { BACKENDS, probeBackends, useBackend, type BackendName, type BackendOptions, type BackendProbe } from "./backend.js";
export { chooseBackend, type BackendChoice } from "./choose-backend.js";
export { modelConfigFromHuggingFace, type ModelConfig } from "./config.js";
export { Critic, type CriticOptions } from "./critic.js";
export { type LocalSamplerOptions, type SamplerStats } from "./sampler/decode-request.js";
export { FrozenPolicy, type FrozenPolicyOptions } from "./frozen-policy.js";
export { LORA_MODULES, type LoraModule, type LoraOptions } from "./lora/lora-options.js";
export { type LossNumbers } from "./gradient-accumulator.js";
export { createKVCache } from "./kv-cache/kv-cache.js";
export type { KVCache } from "./kv-cache/kv-cache-types.js";
export {
  LocalEngine,
  type LocalEngineOptions,
  type LocalForwardBackwardOptions,
  type LocalOptimStepOptions,
  type LocalScoringOptions,
} from "./local-engine.js";
export { branchPolicy, type EngineFiles } from "./engine-parts.js";
export type { FloatType } from "./checkpoint/float-type.js";
export { modelFromFiles, modelToFiles, type ModelFiles, type SaveModelOptions } from "./checkpoint/model-files.js";
export { MemoryError, type MemoryRemedy } from "./memory-error.js";
export { checkMemoryNeed } from "./memory-limit.js";
export { activationCounts, cacheBytesPerToken, memoryNeed, type MemoryNeed, type MemoryUse } from "./memory-need.js";
export { type MicroBatchOptions } from "./micro-batch-sum.js";
export type { TokenLogProbs } from "./ops/token-log-probs.js";
export { disposeLayout, packRows, type PackedLayout } from "./ops/packed.js";
export { type ParameterKind } from "./parameter-table.js";
export { parameterCount, parameterSpecs, type ParameterSpec, type TrainableParameters } from "./parameter-specs.js";
export { Parameters, type InitOptions } from "./parameters.js";
export type { NativeBackend } from "./native/tensorflow-backend.js";
export { type RopeScaling } from "./rope-scaling.js";
export { LocalSampler } from "./sampler/sampler.js";
export type { SamplingFormat } from "./sampler/sampling-weights.js";
export { sampleToken, type SampledToken, type SamplingOptions } from "./sampler/sampling.js";
export { Transformer, type TrainingPass, type TransformerOptions } from "./transformer.js";
