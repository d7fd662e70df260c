import type { TokenAlternative } from "@retool-ts/engine";
import type { UsableIds } from "./sampling.js";

/** Most alternatives of a token that a sampler in this process tells. */
export const MAX_TOP_LOG_PROBS = 20;

/**
 * The likeliest tokens of one row, likeliest first, with log-probabilities under softmax(logits / temperature) over the whole vocabulary; of
 * equally likely ones the smaller id comes first. At temperature 0 they are those of temperature 1.
 *
 * @param logits - `[vocab]`; it is not changed
 */
export function likeliestTokens(logits: Float32Array, count: number, temperature: number, usable: UsableIds): TokenAlternative[] {
  const inverse = temperature === 0 ? 1 : 1 / temperature;
  const unused = new Set(usable.unusedTokenIds);
  const best: number[] = []; // ids by falling logit
  let top = -Infinity;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    top = Math.max(top, logit);
    if (id >= usable.vocabSize || unused.has(id)) continue;
    if (best.length === count && logit <= logits[best[count - 1]!]!) continue;
    let place = best.length;
    while (place > 0 && logits[best[place - 1]!]! < logit) place--;
    best.splice(place, 0, id);
    if (best.length > count) best.pop();
  }
  let sum = 0;
  for (const logit of logits) sum += Math.exp((logit - top) * inverse);
  const normaliser = Math.log(sum);
  return best.map((tokenId) => ({ tokenId, logProb: (logits[tokenId]! - top) * inverse - normaliser }));
}
