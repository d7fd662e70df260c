import type { ModelConfig } from "@retool-ts/policy";

const QWEN25 = {
  modelType: "qwen2",
  headDim: 128,
  maxPositions: 32_768,
  rmsNormEpsilon: 1e-6,
  ropeTheta: 1_000_000,
  tiedEmbeddings: false,
  attentionBias: true,
  queryKeyNorm: false,
} as const;

/** Shapes of published models, as their `config.json` on the Hugging Face hub gives them: what a dry run needs before there are weights. */
export const MODEL_SHAPES = {
  "Qwen2.5-32B-Instruct": { ...QWEN25, vocabSize: 152_064, hiddenSize: 5_120, intermediateSize: 27_648, layers: 64, heads: 40, kvHeads: 8 },
  "DeepSeek-R1-Distill-Qwen-32B": {
    ...QWEN25,
    maxPositions: 131_072,
    rmsNormEpsilon: 1e-5,
    vocabSize: 152_064,
    hiddenSize: 5_120,
    intermediateSize: 27_648,
    layers: 64,
    heads: 40,
    kvHeads: 8,
  },
  "Qwen2.5-7B-Instruct": { ...QWEN25, vocabSize: 152_064, hiddenSize: 3_584, intermediateSize: 18_944, layers: 28, heads: 28, kvHeads: 4 },
  "Qwen2.5-0.5B-Instruct": {
    ...QWEN25,
    headDim: 64,
    tiedEmbeddings: true,
    vocabSize: 151_936,
    hiddenSize: 896,
    intermediateSize: 4_864,
    layers: 24,
    heads: 14,
    kvHeads: 2,
  },
  "Qwen3-4B-Instruct-2507": {
    ...QWEN25,
    modelType: "qwen3",
    maxPositions: 262_144,
    ropeTheta: 5_000_000,
    tiedEmbeddings: true,
    attentionBias: false,
    queryKeyNorm: true,
    vocabSize: 151_936,
    hiddenSize: 2_560,
    intermediateSize: 9_728,
    layers: 36,
    heads: 32,
    kvHeads: 8,
  },
} as const satisfies Record<string, ModelConfig>;

export type ModelName = keyof typeof MODEL_SHAPES;

/** Owner and name of a model on the Hugging Face hub. */
export function hubName(model: ModelName): string {
  return `${model.startsWith("DeepSeek") ? "deepseek-ai" : "Qwen"}/${model}`;
}
