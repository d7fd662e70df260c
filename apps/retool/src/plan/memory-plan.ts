import {
  cacheBytesPerToken,
  checkMemoryNeed,
  chooseBackend,
  type LoraOptions,
  type MemoryUse,
  type ModelConfig,
  parameterCount,
  readAdapterOptions,
  readModelConfig,
} from "@retool-ts/policy";
import { findAdapter, newModelConfig } from "../setup/model-setup.js";
import { localModelConfig, type HubContext } from "../setup/hub-files.js";
import type { RecipeParts } from "../config/recipe-parts.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/** Tokens of a prompt that are assumed where they are not known. */
const PROMPT_TOKENS = 20;

/** What a run trains. */
export interface TrainedModel {
  readonly shape: ModelConfig;
  /** Absent: all weights. */
  readonly lora?: Pick<LoraOptions, "rank" | "modules">;
}

/** The model that a config names, without its weights. */
export async function trainedModel(config: RecipeConfig, context: HubContext = {}): Promise<TrainedModel> {
  const { model, tokenizer } = config;
  const { base, adapter } = await findAdapter(model.from === null ? null : await localModelConfig(model.from, context));
  const shape = base === null ? newModelConfig(config, tokenizer.vocabSize) : await readModelConfig(base);
  const lora = adapter === null ? model.lora : await readAdapterOptions(adapter);
  return lora === null ? { shape } : { shape, lora };
}

/**
 * What a config makes of memory: as many sequences as the sampler decodes at once, and one row of full length in training. More rows are
 * trained on together where `optimizer.maxTokensPerMicroBatch` allows it.
 */
export function memoryUse({ shape, lora }: TrainedModel, config: RecipeConfig, { rl }: RecipeParts): MemoryUse {
  const { train, sampler, budgets, optimizer, model } = config;
  const length = Math.min(shape.maxPositions, PROMPT_TOKENS + budgets.maxResponseTokens + 1);
  const fitting = Math.floor((sampler.kvCacheMiB * 2 ** 20) / (cacheBytesPerToken(shape) * length));
  const sequences = Math.max(train.groupSize, Math.min(sampler.maxSequences, train.promptsPerStep * train.groupSize, fitting));
  const hasOwn = lora === undefined || (train.kl !== null && train.kl.reference !== null && train.kl.reference !== model.from);
  return {
    lora,
    critic: rl && train.advantage === "gae",
    reference: !rl || train.kl === null ? undefined : hasOwn ? "own" : "shared",
    cachedTokens: (rl ? sequences : 1) * length,
    trainedTokens: rl ? length : 1,
    gradientCheckpointing: optimizer.gradientCheckpointing,
  };
}

/**
 * Looks whether the backend of a run can hold what it needs, before anything is written.
 *
 * @throws InputError when it cannot.
 */
export async function checkMemory(config: RecipeConfig, parts: RecipeParts, context: HubContext): Promise<void> {
  const model = await trainedModel(config, context);
  await chooseBackend(config.backend, parameterCount(model.shape));
  checkMemoryNeed(model.shape, memoryUse(model, config, parts));
}
