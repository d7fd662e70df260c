import type { ModelConfig } from "./config.js";
import { loraSpecs, type LoraOptions } from "./lora/lora-options.js";
import { parameterCount } from "./parameter-specs.js";
import type { SamplingFormat } from "./sampler/sampling-weights.js";

const FLOAT = 4;
/** Logits that exist at once, and how often: themselves, their gradient, and what a softmax makes of them. */
const MOST_LOGITS = 2 ** 24;
const LOGIT_COPIES = 3;

/** A run's use of a model, as far as its memory goes. */
export interface MemoryUse {
  /** The adapter that is trained; absent: all weights are. */
  readonly lora?: Pick<LoraOptions, "rank" | "modules"> | undefined;
  /** A critic learns beside the policy; with an adapter it has one of its own on the same base. */
  readonly critic?: boolean;
  /** A frozen policy is consulted: an adapter on the same base, or weights of its own. */
  readonly reference?: "shared" | "own" | undefined;
  /** Tokens whose keys and values are held while sampling. */
  readonly cachedTokens: number;
  /** Tokens of one forward and backward pass. */
  readonly trainedTokens: number;
  readonly gradientCheckpointing?: boolean;
  /** Format of the weights that are sampled with. Default: float32, whose copies are made only where there is room. */
  readonly samplerWeights?: SamplingFormat;
}

/** Memory that a run needs, in bytes. */
export interface MemoryNeed {
  /** Of the policy, its adapter included. */
  readonly weights: number;
  readonly gradients: number;
  /** AdamW's two. */
  readonly moments: number;
  /** A critic's weights, gradients and moments. */
  readonly critic: number;
  /** A reference's weights, as far as they are not shared. */
  readonly reference: number;
  readonly keysAndValues: number;
  /** Of the weights in 8 bits: held always where they are frozen, else while sampling. */
  readonly samplerWeights: number;
  /** Kept by a forward pass for the backward pass, about. */
  readonly activations: number;
  /** The most that is held at once: sampling needs keys and values, training gradients and activations. */
  readonly total: number;
}

/** Bytes of keys and values of one token in one sequence. */
export function cacheBytesPerToken({ layers, kvHeads, headDim }: ModelConfig): number {
  return 2 * layers * kvHeads * headDim * FLOAT;
}

/**
 * Memory by formula, in 32-bit floats: weights, and of each weight that is trained (all, or the adapter's) a gradient and two moments; see
 * {@link activationCounts} for the rest of a pass.
 */
export function memoryNeed(config: ModelConfig, use: MemoryUse): MemoryNeed {
  const { lora, critic = false, reference, cachedTokens, trainedTokens, gradientCheckpointing = false, samplerWeights } = use;
  const base = parameterCount(config);
  const adapter = lora === undefined ? 0 : adapterCount(config, lora);
  const trained = lora === undefined ? base : adapter;
  const { kept, logits } = activationCounts(config, trainedTokens, gradientCheckpointing);
  const bytes = {
    weights: FLOAT * (base + adapter),
    gradients: FLOAT * trained,
    moments: 2 * FLOAT * trained,
    critic: critic ? 4 * FLOAT * trained : 0,
    reference: reference === undefined ? 0 : FLOAT * (reference === "own" ? base : adapter),
    keysAndValues: cachedTokens * cacheBytesPerToken(config),
    samplerWeights: samplerWeights === "int8" ? base : 0,
    activations: FLOAT * (kept + logits),
  };
  const always = bytes.weights + bytes.moments + bytes.critic + bytes.reference;
  const [frozen, sampling] = lora === undefined ? [0, bytes.samplerWeights] : [bytes.samplerWeights, 0];
  return { ...bytes, total: always + frozen + Math.max(bytes.keysAndValues + sampling, bytes.gradients + bytes.activations) };
}

/**
 * Numbers that a forward pass over so many tokens keeps for its backward pass, about, and those of the logits that exist at once. A layer
 * keeps 7 · hiddenSize + 2 · (heads + 2 · kvHeads) · headDim + 3 · intermediateSize a token; one at a time has its gradients beside them, 20 ·
 * hiddenSize + 8 · intermediateSize in all. With checkpoints a layer keeps its input alone, and that one is computed again.
 */
export function activationCounts(
  { hiddenSize, intermediateSize, heads, kvHeads, headDim, layers, vocabSize }: ModelConfig,
  tokens: number,
  gradientCheckpointing: boolean,
): { readonly kept: number; readonly logits: number } {
  const layer = 7 * hiddenSize + 2 * (heads + 2 * kvHeads) * headDim + 3 * intermediateSize;
  const withGradients = 20 * hiddenSize + 8 * intermediateSize;
  const kept = tokens * ((gradientCheckpointing ? hiddenSize * layers : layer * (layers - 1)) + withGradients);
  return { kept, logits: LOGIT_COPIES * Math.min(MOST_LOGITS, tokens * vocabSize) };
}

function adapterCount(config: ModelConfig, { rank, modules }: Pick<LoraOptions, "rank" | "modules">): number {
  const specs = loraSpecs(config, { rank, modules });
  return specs.reduce((sum, { shape: [rows, columns] }) => sum + rows! * columns!, 0);
}
