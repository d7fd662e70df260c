import { InputError } from "@retool-ts/core";
import { z } from "zod";
import type { HeadShape } from "./ops/heads.js";
import { parseRopeScaling, ropeScalingToHuggingFace, type RopeScaling } from "./rope-scaling.js";

/** No model of these families comes near these: a larger number is a damaged or hostile file. */
const size = z
  .int()
  .positive()
  .max(2 ** 24);
const count = z.int().positive().max(10_000);

/** The part of a Hugging Face `config.json` that describes a decoder of the Qwen2/Llama family. */
const HuggingFaceConfig = z.looseObject({
  model_type: z.enum(["qwen2", "qwen3", "llama", "mistral"]),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.optional(),
  head_dim: count.nullish(),
  max_position_embeddings: z.int().positive(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_parameters: z.looseObject({ rope_theta: z.number().positive().optional() }).nullish(),
  rope_scaling: z.looseObject({ rope_theta: z.number().positive().optional() }).nullish(),
  tie_word_embeddings: z.boolean().optional(),
  attention_bias: z.boolean().optional(),
  hidden_act: z.literal("silu").default("silu"),
  use_sliding_window: z.boolean().optional(),
  sliding_window: z.int().positive().nullish(),
  max_window_layers: z.int().nonnegative().optional(),
  layer_types: z.array(z.enum(["full_attention", "sliding_attention"])).nullish(),
  bos_token_id: z.union([z.int(), z.null()]).optional(),
  eos_token_id: z.union([z.int(), z.array(z.int()), z.null()]).optional(),
  pad_token_id: z.union([z.int(), z.null()]).optional(),
});

/** Shape and numerics of one decoder-only transformer. Every field is present; see {@link modelConfigFromHuggingFace}. */
export interface ModelConfig {
  readonly modelType: "qwen2" | "qwen3" | "llama" | "mistral";
  readonly vocabSize: number;
  readonly hiddenSize: number;
  /** Width of the SwiGLU layer. */
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Longest sequence, in tokens. */
  readonly maxPositions: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  /** Stretch of positions beyond the length of the first training; absent when there is none. */
  readonly ropeScaling?: RopeScaling;
  /** The output head shares the embedding matrix. */
  readonly tiedEmbeddings: boolean;
  /** From layer `firstLayer` on, a token sees itself and the `size` − 1 tokens before it; absent: all before it. */
  readonly slidingWindow?: { readonly size: number; readonly firstLayer: number };
  /** Bias on the query, key and value projections (Qwen2). */
  readonly attentionBias: boolean;
  /** RMS norm of each query and key head before the rotation (Qwen3). */
  readonly queryKeyNorm: boolean;
}

/**
 * Reads a parsed `config.json`.
 *
 * @throws InputError naming the field that is missing, wrong or asks for something this model does not have.
 */
export function modelConfigFromHuggingFace(json: unknown, where = "config.json"): ModelConfig {
  const parsed = HuggingFaceConfig.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new InputError({
      what: "model config",
      where: `${where}: ${issue.path.join(".") || "(root)"}`,
      expected: "a Qwen2, Qwen3, Llama or Mistral decoder config",
      found: issue.message,
      fix: "use a checkpoint of one of these families",
    });
  }
  const raw = parsed.data;
  const slidingWindow = parseSlidingWindow(raw, where);
  const [rope, ropeField] = raw.rope_scaling ? [raw.rope_scaling, "rope_scaling"] : [raw.rope_parameters ?? {}, "rope_parameters"];
  const ropeScaling = parseRopeScaling(rope, raw.max_position_embeddings, `${where}: ${ropeField}`);
  const config: ModelConfig = {
    modelType: raw.model_type,
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    kvHeads: raw.num_key_value_heads ?? raw.num_attention_heads,
    headDim: raw.head_dim ?? raw.hidden_size / raw.num_attention_heads,
    maxPositions: raw.max_position_embeddings,
    rmsNormEpsilon: raw.rms_norm_eps,
    ropeTheta: rope.rope_theta ?? raw.rope_theta ?? 10_000,
    ...(ropeScaling === undefined ? {} : { ropeScaling }),
    ...(slidingWindow === undefined ? {} : { slidingWindow }),
    tiedEmbeddings: raw.tie_word_embeddings ?? false,
    attentionBias: raw.attention_bias ?? raw.model_type === "qwen2",
    queryKeyNorm: raw.model_type === "qwen3",
  };
  checkModelConfig(config, where);
  return config;
}

/** Mistral has a window in all layers, Qwen one in the later layers, when it is switched on; one as long as the positions hides nothing. */
function parseSlidingWindow(raw: z.infer<typeof HuggingFaceConfig>, where: string): ModelConfig["slidingWindow"] {
  const mistral = raw.model_type === "mistral";
  const size = mistral && raw.sliding_window === undefined ? 4096 : raw.sliding_window; // as in transformers
  const used = mistral || (raw.model_type !== "llama" && raw.use_sliding_window === true);
  if (!used || size == null || size >= raw.max_position_embeddings) return undefined;
  const first = raw.layer_types?.indexOf("sliding_attention") ?? (mistral ? 0 : (raw.max_window_layers ?? 28));
  if (first < 0 || first >= raw.num_hidden_layers) return undefined;
  if (raw.layer_types?.slice(first).includes("full_attention") !== true && !(mistral && first > 0)) return { size, firstLayer: first };
  const problem = { what: "model config", where: `${where}: layer_types`, expected: "a sliding window in all layers from one on" };
  throw new InputError({ ...problem, found: "another pattern", fix: "use a checkpoint of another model" });
}

/** Heads and window of one layer's attention. */
export function headShape({ heads, kvHeads, headDim, slidingWindow }: ModelConfig, layer: number): HeadShape {
  return { heads, kvHeads, headDim, window: slidingWindow !== undefined && layer >= slidingWindow.firstLayer ? slidingWindow.size : 0 };
}

/**
 * Checks what a shape alone cannot say.
 *
 * @throws InputError when heads do not divide, or head sizes are odd.
 */
export function checkModelConfig(config: ModelConfig, where = "model config"): void {
  const { heads, kvHeads, headDim } = config;
  if (heads % kvHeads !== 0 || headDim % 2 !== 0 || !Number.isInteger(headDim)) {
    throw new InputError({
      what: "model config",
      where,
      expected: "heads divisible by kvHeads and an even, whole headDim",
      found: `heads ${heads}, kvHeads ${kvHeads}, headDim ${headDim}`,
      fix: "correct the head counts or hiddenSize",
    });
  }
}

/** The `config.json` that `transformers` reads for this model. */
export function modelConfigToHuggingFace(
  config: ModelConfig,
  tokens: { readonly eosTokenId?: number | undefined; readonly padTokenId?: number | undefined } = {},
): Record<string, unknown> {
  const architecture = { qwen2: "Qwen2ForCausalLM", qwen3: "Qwen3ForCausalLM", llama: "LlamaForCausalLM", mistral: "MistralForCausalLM" };
  return {
    architectures: [architecture[config.modelType]],
    model_type: config.modelType,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.rmsNormEpsilon,
    rope_theta: config.ropeTheta,
    ...(config.ropeScaling === undefined ? {} : { rope_scaling: ropeScalingToHuggingFace(config.ropeScaling) }),
    tie_word_embeddings: config.tiedEmbeddings,
    attention_bias: config.attentionBias,
    hidden_act: "silu",
    attention_dropout: 0,
    initializer_range: 0.02,
    use_cache: true,
    use_sliding_window: config.slidingWindow !== undefined,
    sliding_window: config.slidingWindow?.size ?? null,
    ...(config.slidingWindow === undefined ? {} : { max_window_layers: config.slidingWindow.firstLayer }),
    bos_token_id: null,
    eos_token_id: tokens.eosTokenId ?? null,
    pad_token_id: tokens.padTokenId ?? null,
    torch_dtype: "float32",
  };
}
