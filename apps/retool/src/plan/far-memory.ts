import { activationCounts, cacheBytesPerToken, LORA_MODULES, memoryNeed, type ModelConfig } from "@retool-ts/policy";

/** What a server does with a model, as far as its memory goes. */
export interface FarUse {
  /** Rank of the adapter that it trains, on every projection. */
  readonly rank: number;
  /** Tokens of one forward and backward pass. */
  readonly microBatchTokens: number;
  /** Sequences that are sampled at once, and the length of the longest. */
  readonly sequences: number;
  readonly sequenceTokens: number;
}

/** Memory that a server needs, in bytes. */
export interface FarMemory {
  /** Numbers of the base model, in bfloat16. */
  readonly weights: number;
  /** Numbers of the adapter. */
  readonly adapterCount: number;
  /** In single precision, as are gradients and moments. */
  readonly adapter: number;
  readonly gradients: number;
  readonly moments: number;
  /** Kept for the backward pass, with checkpoints at the layers, in bfloat16; and the logits of a chunk in single precision. */
  readonly activations: number;
  readonly keysAndValues: number;
  /** All of it, where one copy of the weights samples and trains. */
  readonly total: number;
}

const [HALF, SINGLE] = [2, 4];

/**
 * By formula, for the usual way to train an adapter: the base stays in bfloat16, what learns is in single precision, and a pass keeps each
 * layer's input and the activations of one layer.
 */
export function farMemory(shape: ModelConfig, { rank, microBatchTokens, sequences, sequenceTokens }: FarUse): FarMemory {
  const own = memoryNeed(shape, { cachedTokens: 0, trainedTokens: 0 });
  const { gradients } = memoryNeed(shape, { lora: { rank, modules: [...LORA_MODULES] }, cachedTokens: 0, trainedTokens: 0 });
  const { kept, logits } = activationCounts(shape, microBatchTokens, true);
  const bytes = {
    weights: (HALF * own.weights) / SINGLE,
    adapter: gradients,
    gradients,
    moments: 2 * gradients,
    activations: HALF * kept + SINGLE * logits,
    keysAndValues: (HALF / SINGLE) * cacheBytesPerToken(shape) * sequences * sequenceTokens,
  };
  return { ...bytes, adapterCount: gradients / SINGLE, total: Object.values(bytes).reduce((sum, part) => sum + part, 0) };
}
