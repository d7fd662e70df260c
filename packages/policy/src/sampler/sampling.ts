import type { TokenAlternative } from "@retool-ts/engine";

/** The ids that may be chosen; see `SamplerOptions`. */
export interface UsableIds {
  readonly vocabSize: number;
  readonly unusedTokenIds?: readonly number[];
}

/** Choice of the next token. */
export interface SamplingOptions {
  /** 0 takes the most likely token and ignores the random number. */
  readonly temperature: number;
  /**
   * Keep the smallest set of most likely tokens whose probability reaches this (Holtzman et al., 2020); 1 keeps all. Of tokens that top-k
   * left, with their probabilities summing to 1, as in transformers and vLLM.
   */
  readonly topP: number;
  /** Keep this many most likely tokens; 0 keeps all. */
  readonly topK: number;
  /**
   * Keep tokens that are at least this many times as likely as the likeliest (Nguyen et al., 2024, arXiv 2407.01082), of those that top-k
   * and top-p left, as in transformers; 0, the default, keeps all.
   */
  readonly minP?: number;
}

/** One sampled token and what the policy gave it. */
export interface SampledToken {
  readonly tokenId: number;
  /**
   * Log-probability under softmax(logits / temperature) over the whole vocabulary, before top-p and top-k: what the trainer computes.
   * At temperature 0 it is that of temperature 1.
   */
  readonly logProb: number;
  /** The likeliest tokens, where they were asked for. */
  readonly alternatives?: readonly TokenAlternative[];
}

/**
 * Samples one token by inverting the cumulative distribution, a pure function of logits, options and one uniform number.
 *
 * Ties in top-p and top-k go to the smaller id.
 *
 * @param logits - `[vocab]`; it is not changed
 * @param allowed - number of ids that may be sampled: ids from there on are padding of the embedding matrix
 * @param uniform - in [0, 1)
 * @param unused - ids below `allowed` that may not be sampled either, rising
 */
export function sampleToken(
  logits: Float32Array,
  allowed: number,
  options: SamplingOptions,
  uniform: number,
  unused: readonly number[] = [],
): SampledToken {
  const { temperature } = options;
  const greedy = temperature === 0;
  const inverse = greedy ? 1 : 1 / temperature;
  const best = mostLikelyId(logits, allowed, unused);
  const top = logits[best]! * inverse;
  const weights = scratch(allowed);
  let total = 0;
  let skipped = 0;
  let from = 0;
  for (let place = 0; from < allowed; place++) {
    const to = Math.min(unused[place] ?? allowed, allowed);
    for (let id = from; id < to; id++) {
      const weight = Math.exp(logits[id]! * inverse - top);
      weights[id] = weight;
      total += weight;
    }
    if (to < allowed) {
      weights[to] = 0;
      skipped += Math.exp(logits[to]! * inverse - top);
    }
    from = to + 1;
  }
  // The trainer normalises over all logits, padding and unused ids included.
  let normaliser = total + skipped;
  for (let id = allowed; id < logits.length; id++) normaliser += Math.exp(logits[id]! * inverse - top);
  const chosen = greedy
    ? best
    : draw(weights, total, options, uniform, (id) => (logits[id]! - logits[best]!) * inverse >= Math.log(options.minP ?? 0));
  return { tokenId: chosen, logProb: logits[chosen]! * inverse - top - Math.log(normaliser) };
}

let space = new Float64Array(0);

/** Room for the weights of one call; what an earlier one left in it is overwritten. */
function scratch(length: number): Float64Array {
  if (space.length < length) space = new Float64Array(length);
  return space.subarray(0, length);
}

function mostLikelyId(logits: Float32Array, allowed: number, unused: readonly number[]): number {
  let best = -1;
  let most = -Infinity;
  let from = 0;
  for (let place = 0; from < allowed; place++) {
    const to = Math.min(unused[place] ?? allowed, allowed);
    for (let id = from; id < to; id++) {
      const logit = logits[id]!;
      if (best >= 0 && !(logit > most)) continue;
      best = id;
      most = logit;
    }
    from = to + 1;
  }
  return Math.max(best, 0);
}

function draw(
  weights: Float64Array,
  total: number,
  { topP, topK, minP = 0 }: SamplingOptions,
  uniform: number,
  isLikely: (id: number) => boolean,
): number {
  const isCut = topK > 0 && topK < weights.length;
  if (topP >= 1 && !isCut && minP <= 0) return invert(weights, undefined, total, uniform);
  const order = isCut
    ? mostLikely(weights, total, (count) => count >= topK).slice(0, topK)
    : topP < 1
      ? mostLikelyMass(weights, total, topP)
      : byWeight(weights, above(weights, minP * (1 - 1e-9)));
  const left = isCut ? order.reduce((sum, id) => sum + weights[id]!, 0) : total;
  let kept = 0;
  let mass = 0;
  while (kept < order.length && (kept === 0 || ((topP >= 1 || mass < topP * left) && isLikely(order[kept]!))))
    mass += weights[order[kept++]!]!;
  return invert(weights, order.slice(0, kept), mass, uniform);
}

/** The most likely ids whose mass reaches a share of all. The margin is for sums that round otherwise in another order. */
function mostLikelyMass(weights: Float64Array, total: number, topP: number): number[] {
  return mostLikely(weights, total, (count, mass) => count === weights.length || mass > topP * total * (1 + 1e-9));
}

/**
 * Ids by falling weight; only as many as are asked for and some more, so that a large vocabulary is not sorted whole: those above a floor
 * that is lowered until they suffice.
 */
function mostLikely(weights: Float64Array, total: number, suffices: (count: number, mass: number) => boolean): number[] {
  for (let floor = total / 16; ; floor = floor < total * 2 ** -64 ? 0 : floor / 16) {
    const candidates = above(weights, floor);
    const mass = candidates.reduce((sum, id) => sum + weights[id]!, 0);
    if (suffices(candidates.length, mass) || floor === 0) return byWeight(weights, candidates);
  }
}

/** Ids whose weight reaches a floor, rising. */
function above(weights: Float64Array, floor: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < weights.length; id++) if (weights[id]! >= floor) ids.push(id);
  return ids;
}

function byWeight(weights: Float64Array, ids: number[]): number[] {
  return ids.sort((a, b) => weights[b]! - weights[a]! || a - b);
}

function invert(weights: Float64Array, ids: readonly number[] | undefined, total: number, uniform: number): number {
  let rest = uniform * total;
  const count = ids?.length ?? weights.length;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const id = ids === undefined ? i : ids[i]!;
    if (weights[id] === 0) continue;
    last = id;
    rest -= weights[id]!;
    if (rest < 0) return id;
  }
  return last; // rounding left a crumb of the last token's share
}
