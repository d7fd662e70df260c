// Tokens drawn from logits. Weights are made in single precision at first; a row whose random number falls so close to the edge of a token's
// share that their rounding could decide is drawn once more from weights in double precision.
import { drawFromMostLikely, mostLikelyScratch } from "./most-likely";
import { at, exp4, maximum } from "./simd";
import { addBlock, exp2, load2, weightAt } from "./weights";

/** Weights that are summed together. */
export const BLOCK: i32 = 256;
/** A draw: 1 / temperature or 0 for the most likely token, top-p, top-k, a random number and the logarithm of min-p. */
const DRAW: i32 = 5;

/** Floats of scratch memory for sampleRows. */
export function sampleScratch(vocab: i32): i32 {
  return 2 * vocab + 2 * (vocab / BLOCK + 1) + mostLikelyScratch(vocab);
}

/** See native/kernels.h. */
export function sampleRows(
  logits: usize, rows: i32, vocab: i32, allowed: i32, unused: usize, unusedCount: i32, scratch: usize, draws: usize,
): void {
  for (let row: i32 = 0; row < rows; row++) {
    const line = at(logits, row * vocab);
    const draw = draws + ((<usize>(row * DRAW)) << 3);
    if (!drawRow(line, vocab, allowed, unused, unusedCount, draw, scratch, false)) {
      drawRow(line, vocab, allowed, unused, unusedCount, draw, scratch, true);
    }
  }
}

/** False where single precision cannot tell which token it is; the draw is then unchanged. */
function drawRow(
  line: usize, vocab: i32, allowed: i32, unused: usize, unusedCount: i32, draw: usize, scratch: usize, exact: bool,
): bool {
  const greedy = load<f64>(draw) == 0;
  const inverse = greedy ? 1 : load<f64>(draw);
  const weights = scratch;
  const sums = at(weights, 2 * vocab);
  const space = at(sums, 2 * (vocab / BLOCK + 1));
  const best = largestUsable(line, allowed, unused, unusedCount);

  let total: f64 = 0;
  let others: f64 = 0; // ids that are not drawn count in the normaliser
  let place: i32 = 0;
  for (let start: i32 = 0; start < vocab; start += BLOCK) {
    const end = min(start + BLOCK, vocab);
    const isWhole = end <= allowed && (place == unusedCount || load<i32>(at(unused, place)) >= end);
    if (isWhole && !exact && end - start == BLOCK) {
      const sum = weighAndAdd(line, start, best, <f32>inverse, weights);
      store<f64>(sums + ((<usize>(start / BLOCK)) << 3), sum);
      total += sum;
      continue;
    }
    if (exact) weighExactly(line, start, end, best, inverse, weights);
    else weigh(line, start, end, best, <f32>inverse, weights);
    for (; place < unusedCount && load<i32>(at(unused, place)) < min(end, allowed); place++) {
      others += take(weights, load<i32>(at(unused, place)), exact);
    }
    for (let id = max(start, allowed); id < end; id++) others += take(weights, id, exact);
    const sum = addBlock(weights, start, end, exact);
    store<f64>(sums + ((<usize>(start / BLOCK)) << 3), sum);
    total += sum;
  }

  const topP = load<f64>(draw, 8);
  const topK = load<f64>(draw, 16);
  const uniform = load<f64>(draw, 24);
  const logMinP = load<f64>(draw, 32);
  let chosen: i32;
  if (greedy) {
    chosen = total != total && abs(best) < Infinity ? 0 : firstEqual(line, best, allowed, unused, unusedCount);
  } else if (!(total > 0 && total < Infinity)) {
    chosen = 0; // no number among the logits
  } else if (topP >= 1 && (topK <= 0 || topK >= allowed) && logMinP == -Infinity) {
    chosen = invert(weights, sums, allowed, uniform * total, total, exact);
  } else {
    chosen = drawFromMostLikely(line, weights, sums, allowed, best, total, topP, topK, uniform, inverse, logMinP, exact, space);
  }
  if (chosen < 0) return false;
  store<f64>(draw, chosen);
  store<f64>(draw, <f64>load<f32>(at(line, chosen)) * inverse - <f64>best * inverse, 8);
  store<f64>(draw, total + others, 16);
  return true;
}

/** The largest logit that may be drawn. */
function largestUsable(line: usize, allowed: i32, unused: usize, unusedCount: i32): f32 {
  let best: f32 = -Infinity;
  let from: i32 = 0;
  for (let place: i32 = 0; from < allowed; place++) {
    const to = place < unusedCount ? min(load<i32>(at(unused, place)), allowed) : allowed;
    if (to > from) best = max(best, maximum(at(line, from), to - from));
    from = to + 1;
  }
  return best;
}

/** The first id that may be drawn and has this logit, or 0. */
function firstEqual(line: usize, best: f32, allowed: i32, unused: usize, unusedCount: i32): i32 {
  let place: i32 = 0;
  for (let id: i32 = 0; id < allowed; id++) {
    while (id + 4 <= allowed && !v128.any_true(f32x4.eq(v128.load(at(line, id)), f32x4.splat(best)))) id += 4;
    if (id >= allowed || load<f32>(at(line, id)) != best) continue;
    while (place < unusedCount && load<i32>(at(unused, place)) < id) place++;
    if (place == unusedCount || load<i32>(at(unused, place)) != id) return id;
  }
  return 0;
}

/** Weights exp((logit − best) / temperature) of the ids of a block. */
function weigh(line: usize, start: i32, end: i32, best: f32, inverse: f32, weights: usize): void {
  const b = f32x4.splat(best);
  const t = f32x4.splat(inverse);
  let id = start;
  for (; id + 4 <= end; id += 4) {
    v128.store(at(weights, id), exp4(f32x4.mul(f32x4.sub(v128.load(at(line, id)), b), t)));
  }
  for (; id < end; id++) {
    const logit = f32x4.splat(load<f32>(at(line, id)));
    store<f32>(at(weights, id), f32x4.extract_lane(exp4(f32x4.mul(f32x4.sub(logit, b), t)), 0));
  }
}

/** {@link weigh} of a whole block, with the sum that {@link addBlock} gives. */
function weighAndAdd(line: usize, start: i32, best: f32, inverse: f32, weights: usize): f64 {
  const b = f32x4.splat(best);
  const t = f32x4.splat(inverse);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let id = start; id < start + BLOCK; id += 4) {
    const four = exp4(f32x4.mul(f32x4.sub(v128.load(at(line, id)), b), t));
    v128.store(at(weights, id), four);
    low = f64x2.add(low, f64x2.promote_low_f32x4(four));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 2, 3)));
  }
  const both = f64x2.add(low, high);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}

/** {@link weigh} in double precision. */
function weighExactly(line: usize, start: i32, end: i32, best: f32, inverse: f64, weights: usize): void {
  const top = f64x2.splat(<f64>best * inverse);
  const t = f64x2.splat(inverse);
  let id = start;
  for (; id + 2 <= end; id += 2) {
    v128.store(weights + ((<usize>id) << 3), exp2(f64x2.sub(f64x2.mul(load2(at(line, id)), t), top)));
  }
  if (id < end) {
    const logit = f64x2.splat(<f64>load<f32>(at(line, id)));
    store<f64>(weights + ((<usize>id) << 3), f64x2.extract_lane(exp2(f64x2.sub(f64x2.mul(logit, t), top)), 0));
  }
}

/** A weight, which becomes 0. */
function take(weights: usize, id: i32, exact: bool): f64 {
  const weight = weightAt(weights, id, exact);
  if (exact) store<f64>(weights + ((<usize>id) << 3), 0);
  else store<f32>(at(weights, id), 0);
  return weight;
}

/** The id at which the running sum of the weights passes `target`, or −1. */
function invert(weights: usize, sums: usize, allowed: i32, target: f64, total: f64, exact: bool): i32 {
  const margin = exact ? 0 : total * MARGIN;
  let rest = target;
  let lastBlock = (allowed - 1) / BLOCK;
  while (lastBlock > 0 && load<f64>(sums + ((<usize>lastBlock) << 3)) == 0) lastBlock--;
  let block: i32 = 0;
  for (; block < lastBlock && rest >= load<f64>(sums + ((<usize>block) << 3)); block++) rest -= load<f64>(sums + ((<usize>block) << 3));
  let last: i32 = block * BLOCK;
  for (let id = last; id < min((block + 1) * BLOCK, allowed); id++) {
    const weight = weightAt(weights, id, exact);
    if (weight == 0) continue;
    last = id;
    if (rest < weight) return exact || (weight - rest > margin && (rest > margin || target <= 0)) ? id : -1;
    rest -= weight;
  }
  return exact ? last : -1; // rounding left a crumb of the last token's share
}

/** More than the weights' rounding can change a running sum of them, as a share of all. */
export const MARGIN: f64 = 2e-6;
