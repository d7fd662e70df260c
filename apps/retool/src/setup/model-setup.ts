import { InputError } from "@retool-ts/core";
import { corpus, createTokenizer, describeTokenizer, TINY_SPLIT, trainBpe, type ModelTokenizer, type Tokenizer } from "@retool-ts/data";
import {
  chooseBackend,
  LocalEngine,
  loadModel,
  parameterCount,
  Parameters,
  readModelConfig,
  saveModel,
  type BackendName,
  type ModelConfig,
  type SaveModelOptions,
} from "@retool-ts/policy";
import { findAdapter, setUpAdapter } from "./adapter-setup.js";
import { readModelTokenizer } from "./model-files.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/** Tags that the tiny recipe's tokenizer has as tokens of their own. */
const TAGS = ["<|endoftext|>", "<code>", "</code>", "<interpreter>", "</interpreter>", "<answer>", "</answer>"];

/** A model ready to sample and train. */
export interface PolicyModel extends ModelTokenizer {
  readonly engine: LocalEngine;
  readonly backend: BackendName;
  /** Why this backend, in a few words. */
  readonly backendReason: string;
  /** The model that was loaded, without an adapter on it; null = random weights. */
  readonly base: string | null;
  dispose(): void;
}

/** The part of a model that sampling needs. */
export interface SamplingModel extends Pick<PolicyModel, "tokenizer" | "eosTokenIds" | "unusedTokenIds"> {
  readonly engine: Pick<LocalEngine, "createSampler" | "model" | "logProbs" | "parameters">;
}

/**
 * Loads the model that a config names, or makes one with random weights and trains its tokenizer.
 *
 * @param path - a checkpoint or `.gguf` file that goes before `model.from`.
 */
export async function setUpModel(config: RecipeConfig, path: string | null = config.model.from): Promise<PolicyModel> {
  const described = path === null ? describeTokenizer(trainTokenizer(config)) : await readModelTokenizer(path);
  const { tokenizer } = described;
  const { base, adapter } = await findAdapter(path);
  const shape = base === null ? newModelConfig(config, tokenizer.vocabSize) : await readModelConfig(base);
  const { name: backend, reason: backendReason } = await chooseBackend(config.backend, parameterCount(shape));
  const parameters =
    base === null
      ? Parameters.initialize(shape, {
          seed: config.seed,
          embeddingStd: config.model.embeddingStd,
          headStd: config.model.headStd,
        })
      : await loadModel(base);
  if (tokenizer.vocabSize > parameters.config.vocabSize) {
    const found = `a tokenizer with ${tokenizer.vocabSize} ids and a model with ${parameters.config.vocabSize}`;
    parameters.dispose();
    throw new InputError({
      what: "model",
      where: String(path),
      expected: "an embedding row for every token",
      found,
      fix: "use the tokenizer that belongs to these weights",
    });
  }
  await setUpAdapter(parameters, adapter, config);
  const { maxTokensPerMicroBatch, gradientCheckpointing, ...optimizer } = config.optimizer;
  const engine = new LocalEngine(parameters, { optimizer, maxTokensPerMicroBatch, gradientCheckpointing });
  return {
    ...described,
    engine,
    base,
    backend,
    backendReason,
    dispose() {
      engine.dispose();
      parameters.dispose();
    },
  };
}

/** Writes weights, model config and tokenizer as a Hugging Face folder. */
export async function saveModelFolder(folder: string, model: PolicyModel, options: Partial<SaveModelOptions> = {}): Promise<void> {
  const { engine, tokenizer } = model;
  await saveModel(folder, engine.parameters, {
    ...(tokenizer.eosTokenId === undefined ? {} : { eosTokenId: tokenizer.eosTokenId }),
    ...(tokenizer.padTokenId === undefined ? {} : { padTokenId: tokenizer.padTokenId }),
    files: tokenizerFiles(model),
    ...options,
  });
}

/** The files that a tokenizer is loaded from, by name. */
export function tokenizerFiles({ tokenizer, eosTokenIds }: PolicyModel): Record<string, string> {
  const { tokenizer: json, config } = tokenizer.files;
  return {
    "tokenizer.json": `${JSON.stringify(json)}\n`,
    "tokenizer_config.json": `${JSON.stringify(config ?? {}, null, 2)}\n`,
    "generation_config.json": `${JSON.stringify({ eos_token_id: eosTokenIds }, null, 2)}\n`,
  };
}

function trainTokenizer({ tokenizer }: RecipeConfig): Tokenizer {
  const files = trainBpe(corpus(tokenizer.texts), {
    vocabSize: tokenizer.vocabSize,
    splitPattern: TINY_SPLIT,
    specialTokens: TAGS,
    minFrequency: Math.max(2, Math.round(tokenizer.texts / 150)),
    wholePreTokens: true,
  });
  return createTokenizer({ ...files, config: { ...files.config, eos_token: TAGS[0]!, pad_token: TAGS[0]! } });
}

/** The shape of a model with random weights. */
export function newModelConfig({ model }: RecipeConfig, vocabSize: number): ModelConfig {
  return {
    modelType: model.queryKeyNorm ? "qwen3" : "llama",
    vocabSize,
    hiddenSize: model.hiddenSize,
    intermediateSize: model.intermediateSize,
    layers: model.layers,
    heads: model.heads,
    kvHeads: model.kvHeads,
    headDim: model.hiddenSize / model.heads,
    maxPositions: model.maxPositions,
    rmsNormEpsilon: 1e-6,
    ropeTheta: model.ropeTheta,
    tiedEmbeddings: model.tiedEmbeddings,
    attentionBias: false,
    queryKeyNorm: model.queryKeyNorm,
  };
}
