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

/**
 * One token for each row of logits `[rows, vocab]`, which stay the caller's. A backend's kernel draws from them where they lie; they are
 * read only where likeliest tokens are asked for.
 */
export async function chooseTokens(logits: Tensor2D, draws: readonly Draw[], usable: UsableIds): Promise<SampledToken[]> {
  const context = fusedKernels();
  const drawn = context && sampleRows(context, logits, draws, usable);
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

/** Numbers of a draw, in and out of the kernel. */
const DRAW = 5;

function sampleRows({ kernels, pointer }: KernelContext, logits: Tensor2D, draws: readonly Draw[], usable: UsableIds): SampledToken[] {
  const { vocabSize, unusedTokenIds = [] } = usable;
  const [rows, vocab] = logits.shape;
  const values = Float64Array.from(
    draws.flatMap(({ options: { temperature, topP, topK, minP = 0 }, uniform }) => [
      temperature === 0 ? 0 : 1 / temperature,
      topP,
      topK,
      uniform,
      Math.log(minP),
    ]),
  );
  kernels.sampleRows(pointer(logits), rows, vocab, vocabSize, Int32Array.from(unusedTokenIds), unusedTokenIds.length, values);
  return draws.map((_, row) => {
    const [tokenId, logWeight, normaliser] = values.subarray(DRAW * row, DRAW * row + 3);
    return { tokenId: tokenId!, logProb: logWeight! - Math.log(normaliser!) };
  });
}
