import type { ModelConfig } from "./config.js";

/** Role of a parameter in the optimizer and in initialisation; matrices and embeddings get weight decay, vectors (norms, biases) do not. */
export type ParameterKind = "embedding" | "matrix" | "residualMatrix" | "norm" | "bias" | "loraA" | "loraB";

/** One parameter, and the tensors of a Hugging Face checkpoint that it is joined from. */
export interface ParameterEntry {
  readonly name: string;
  readonly kind: ParameterKind;
  /** In the order of their columns in the parameter. */
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** False for a bias that checkpoints have and this model does without: it must be zero. */
  readonly stored: boolean;
}

type Tensor = readonly [name: string, ...shape: number[]];

/** Every parameter of a model in its fixed order: the one place that knows which there are. */
export function parameterTable(config: ModelConfig): ParameterEntry[] {
  const { hiddenSize: d, vocabSize, layers, tiedEmbeddings } = config;
  const head = entry("head", "embedding", [["lm_head.weight", vocabSize, d]]);
  return [
    entry("embed", "embedding", [["model.embed_tokens.weight", vocabSize, d]]),
    ...Array.from({ length: layers }, (_, layer) => layerTable(config, layer)).flat(),
    entry("finalNorm", "norm", [["model.norm.weight", d]]),
    ...(tiedEmbeddings ? [] : [head]),
  ];
}

/** The parameters of one layer. */
export function layerTable(config: ModelConfig, layer: number): ParameterEntry[] {
  const { hiddenSize: d, intermediateSize: f, heads, kvHeads, headDim, attentionBias, modelType, queryKeyNorm } = config;
  const [queries, keys] = [heads * headDim, kvHeads * headDim];
  const add = (name: string, kind: ParameterKind, tensors: readonly Tensor[], stored = true) =>
    entry(`layers.${layer}.${name}`, kind, tensors.map(([path, ...shape]): Tensor => [`model.layers.${layer}.${path}`, ...shape]), stored); // prettier-ignore
  const projections = [["q", queries], ["k", keys], ["v", keys]] as const; // prettier-ignore
  const qkv = projections.map(([name, outputs]): Tensor => [`self_attn.${name}_proj.weight`, outputs, d]);
  const qkvBias = projections.map(([name, outputs]): Tensor => [`self_attn.${name}_proj.bias`, outputs]);
  // Qwen2 in transformers has these biases whatever its config says. In the others `attention_bias` also speaks of the output projection,
  // which has no bias here.
  const isQwen2 = modelType === "qwen2";
  return [
    add("inputNorm", "norm", [["input_layernorm.weight", d]]),
    add("qkv", "matrix", qkv),
    ...(attentionBias || isQwen2 ? [add("qkvBias", "bias", qkvBias, attentionBias)] : []),
    ...(queryKeyNorm
      ? [add("queryNorm", "norm", [["self_attn.q_norm.weight", headDim]]), add("keyNorm", "norm", [["self_attn.k_norm.weight", headDim]])]
      : []),
    add("output", "residualMatrix", [["self_attn.o_proj.weight", d, queries]]),
    ...(attentionBias && !isQwen2 ? [add("outputBias", "bias", [["self_attn.o_proj.bias", d]], false)] : []),
    add("postNorm", "norm", [["post_attention_layernorm.weight", d]]),
    add("gateUp", "matrix", [["mlp.gate_proj.weight", f, d], ["mlp.up_proj.weight", f, d]]), // prettier-ignore
    add("down", "residualMatrix", [["mlp.down_proj.weight", d, f]]),
  ];
}

function entry(name: string, kind: ParameterKind, tensors: readonly Tensor[], stored = true): ParameterEntry {
  return { name, kind, stored, tensors: tensors.map(([tensor, ...shape]) => ({ name: tensor, shape })) };
}

/** True for a parameter stored `[inputs, outputs]`, the transpose of the checkpoint's layout. */
export function isTransposed({ kind }: Pick<ParameterEntry, "kind">): boolean {
  return kind === "matrix" || kind === "residualMatrix";
}
