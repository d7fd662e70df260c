import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { InputError } from "@retool-ts/core";
import { corpus, createTokenizer, describeTokenizer, TINY_SPLIT, trainBpe, type Tokenizer } from "@retool-ts/data";
import { LocalEngine, parameterCount, Parameters, type ModelConfig } from "@retool-ts/policy";
import {
  adapterBaseModel,
  chooseBackend,
  engineFiles,
  isAdapterFolder,
  loadAdapter,
  loadModel,
  readModelConfig,
  usableThreads,
  type BackendName,
} from "@retool-ts/policy/node";
import type { RecipeConfig } from "../config/recipe-config.js";
import { familiesOf } from "./task-families.js";
import { localModel } from "./hub-files.js";
import { readModelTokenizer } from "./model-files.js";
import type { OpenedModel } from "./run-model.js";

/** Tags that the tiny recipe's tokenizer has as tokens of their own. */
const TAGS = ["<|endoftext|>", "<code>", "</code>", "<interpreter>", "</interpreter>", "<answer>", "</answer>"];

/** A model in this process, ready to sample and learn. */
export interface LoadedModel extends OpenedModel {
  readonly engine: LocalEngine;
  readonly backend: BackendName;
  dispose(): void;
}

/**
 * Loads the model that a config names, or makes one with random weights and trains its tokenizer.
 *
 * @param path - a checkpoint or `.gguf` file that goes before `model.from`.
 */
export async function setUpModel(config: RecipeConfig, path: string | null = config.model.from): Promise<LoadedModel> {
  const described = path === null ? describeTokenizer(await trainTokenizer(config)) : await readModelTokenizer(path);
  const { tokenizer } = described;
  const { base, adapter } = await findAdapter(path);
  const shape = base === null ? newModelConfig(config, tokenizer.vocabSize) : await readModelConfig(base);
  const { name: backend, reason: backendReason } = await chooseBackend(config.backend, parameterCount(shape), {
    threads: config.threads ?? usableThreads(),
  });
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
  const engine = new LocalEngine(parameters, {
    optimizer,
    maxTokensPerMicroBatch,
    gradientCheckpointing,
    files: engineFiles,
    ...(config.engine.kind === "local" && { samplerWeights: config.engine.samplerWeights }),
  });
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

export async function trainTokenizer(config: Pick<RecipeConfig, "tokenizer" | "plugins">): Promise<Tokenizer> {
  const { tokenizer } = config;
  const families = tokenizer.families && { families: await familiesOf(config, tokenizer.families) };
  const files = trainBpe(corpus(tokenizer.texts, { ...families }), {
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

/** A path as the model to load and the adapter on it. */
interface AdapterSource {
  /** null = random weights. */
  readonly base: string | null;
  readonly adapter: string | null;
}

/**
 * Finds out if a path names an adapter, and the model that it stands on. Names in the adapter's config are seen from its own folder first.
 *
 * @throws InputError when the adapter does not say.
 */
export async function findAdapter(path: string | null): Promise<AdapterSource> {
  if (path === null || !(await isAdapterFolder(path))) return { base: path, adapter: null };
  const named = await adapterBaseModel(path);
  if (named === undefined) {
    const problem = { what: "adapter", where: `${path}: adapter_config.json`, expected: "base_model_name_or_path", found: "none" };
    throw new InputError({ ...problem, fix: "add the folder of the base model" });
  }
  const near = resolve(path, named);
  return { base: existsSync(near) ? near : await localModel(named), adapter: path };
}

/** Puts the adapter of a folder, or the fresh one that a config asks for, on a model. When that fails, the model is freed. */
async function setUpAdapter(parameters: Parameters, adapter: string | null, { model, seed }: RecipeConfig): Promise<void> {
  try {
    if (adapter !== null) await loadAdapter(adapter, parameters, { seed });
    else if (model.lora !== null) parameters.addAdapter({ ...model.lora, seed });
  } catch (error) {
    parameters.dispose();
    throw error;
  }
}
