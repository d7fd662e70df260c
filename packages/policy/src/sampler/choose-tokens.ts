import type { Tensor2D } from "@tensorflow/tfjs-core";
import { fusedKernels, type KernelContext } from "../kernels/kernel-context.js";
import { likeliestTokens } from "./likeliest-tokens.js";
import { sampleToken, type SampledToken, type SamplingOptions, type UsableIds } from "./sampling.js";

/** Choice of one row's token, and its random number in [0, 1). */
export interface Draw {
  readonly options: SamplingOptions;
  readonly uniform: number;
  /** Likeliest tokens to tell; 0 by default. */
  readonly topLogProbs?: number;
}

/** One token for each row of logits `[rows, vocab]`, which stay the caller's. Where a kernel can, it draws from them where they lie. */
export async function chooseTokens(logits: Tensor2D, draws: readonly Draw[], usable: UsableIds): Promise<SampledToken[]> {
  const context = fusedKernels();
  const canStay = context?.kernels.sampleRows !== undefined && draws.every(({ options }) => isUnfiltered(options));
  const drawn = canStay ? sampleRows(context, logits, draws, usable) : undefined;
  if (drawn !== undefined && !draws.some(({ topLogProbs = 0 }) => topLogProbs > 0)) return drawn;
  const values = (await logits.data()) as Float32Array;
  const width = logits.shape[1];
  return draws.map(({ options, uniform, topLogProbs = 0 }, row) => {
    const own = values.subarray(row * width, (row + 1) * width);
    const token = drawn?.[row] ?? sampleToken(own, usable.vocabSize, options, uniform, usable.unusedTokenIds);
    if (topLogProbs === 0) return token;
    return { ...token, alternatives: likeliestTokens(own, topLogProbs, options.temperature, usable) };
  });
}

/** True when every token with a probability can be drawn. */
function isUnfiltered({ temperature, topP, topK }: SamplingOptions): boolean {
  return temperature > 0 && topP >= 1 && topK <= 0;
}

function sampleRows({ kernels, pointer }: KernelContext, logits: Tensor2D, draws: readonly Draw[], usable: UsableIds): SampledToken[] {
  const { vocabSize, unusedTokenIds = [] } = usable;
  const [rows, vocab] = logits.shape;
  const values = Float64Array.from(draws.flatMap(({ options, uniform }) => [1 / options.temperature, uniform]));
  kernels.sampleRows!(pointer(logits), rows, vocab, vocabSize, Int32Array.from(unusedTokenIds), unusedTokenIds.length, values);
  return draws.map((_, row) => ({ tokenId: values[2 * row]!, logProb: values[2 * row + 1]! }));
}
