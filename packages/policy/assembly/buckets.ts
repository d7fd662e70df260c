// One token drawn from the most likely ones, by weights in single precision: only the buckets in which it is decided are sorted.
import { BUCKETS, bucketOf, bucketScale, collect, keepLikely, sortIds } from "./most-likely";
import { BLOCK, MARGIN } from "./sampling";
import { at, horizontalSum } from "./simd";

/** Blocks that are looked at to guess how far down the most likely ids go, and steps of the guess. */
const SAMPLE: i32 = 16;
const STEPS: i32 = 7;

/**
 * An id as `drawFromMostLikely` gives it, or −1.
 *
 * @param most - ids that top-k leaves
 * @param least - a weight that all ids which can be drawn reach
 */
export function drawByBuckets(
  line: usize, weights: usize, sums: usize, allowed: i32, best: f32, total: f64, topP: f64, most: i32, uniform: f64, inverse: f64,
  logMinP: f64, least: f64, scratch: usize,
): i32 {
  const margin = total * MARGIN;
  const isCut = most < allowed;
  if (isCut && topP < 1 && logMinP > -Infinity) return -1; // top-p counts what min-p leaves out
  const candidates = scratch;
  const places = at(candidates, allowed);
  const ids = at(places, allowed);
  const counts = (at(ids, 2 * allowed) + 7) & ~7;
  const masses = at(counts, BUCKETS);
  let count: i32 = 0;
  let isEnough = false;
  if (!isCut) {
    const guess = guessedWeight(weights, sums, allowed, topP, least);
    count = keepLikely(line, candidates, collect(weights, sums, allowed, guess, false, candidates), best, inverse, logMinP);
    isEnough = fillBuckets(line, weights, candidates, count, best, places, counts, masses, ids) >= topP * total + margin;
  }
  if (!isEnough) {
    count = keepLikely(line, candidates, collect(weights, sums, allowed, least, false, candidates), best, inverse, logMinP);
    fillBuckets(line, weights, candidates, count, best, places, counts, masses, ids);
  }
  const kept = min(most, count);
  if (kept == 0) return -1;

  let left = total;
  if (isCut) {
    left = 0;
    for (let taken: i32 = 0, bucket: i32 = 0; taken < kept; bucket++) {
      const size = load<i32>(at(counts, bucket));
      if (taken + size <= kept) left += load<f64>(at(masses, 2 * bucket));
      else {
        sortedIds(line, candidates, places, count, bucket, ids);
        for (let i: i32 = 0; i < kept - taken; i++) left += weightOf(weights, ids, i);
      }
      taken += size;
    }
  }
  const enough = topP < 1 ? topP * left : Infinity;
  let mass: f64 = 0;
  let nucleus: i32 = 0;
  for (let bucket: i32 = 0; nucleus < kept && (nucleus == 0 || mass < enough); bucket++) {
    const size = load<i32>(at(counts, bucket));
    if (size == 0) continue;
    const whole = load<f64>(at(masses, 2 * bucket));
    if (nucleus + size <= kept && mass + whole < enough - margin) {
      mass += whole;
      nucleus += size;
      continue;
    }
    sortedIds(line, candidates, places, count, bucket, ids);
    for (let i: i32 = 0; i < size && nucleus < kept && (nucleus == 0 || mass < enough); i++) {
      if (nucleus > 0 && enough - mass < margin) return -1;
      mass += weightOf(weights, ids, i);
      nucleus++;
    }
  }
  if (mass < enough + margin && mass >= enough) return -1;

  let rest = uniform * mass;
  let before: i32 = 0;
  for (let bucket: i32 = 0; before < nucleus; bucket++) {
    const size = load<i32>(at(counts, bucket));
    const whole = load<f64>(at(masses, 2 * bucket));
    if (before + size <= nucleus && rest >= whole) {
      rest -= whole;
      before += size;
      continue;
    }
    sortedIds(line, candidates, places, count, bucket, ids);
    for (let i: i32 = 0; i < min(size, nucleus - before); i++) {
      const weight = weightOf(weights, ids, i);
      if (weight == 0) continue;
      if (rest < weight) return weight - rest > margin && (rest > margin || before + i == 0) ? load<i32>(at(ids, i)) : -1;
      rest -= weight;
    }
    before += size;
  }
  return -1; // rounding left a crumb of the last token's share
}

// @ts-ignore: decorator
@inline
function weightOf(weights: usize, ids: usize, i: i32): f64 {
  return <f64>load<f32>(at(weights, load<i32>(at(ids, i))));
}

/** Notes the bucket of each candidate, and what each bucket has of them and of their weights; returns the weight of all. */
function fillBuckets(
  line: usize, weights: usize, candidates: usize, count: i32, best: f32, places: usize, counts: usize, masses: usize, logits: usize,
): f64 {
  let least = best;
  for (let i: i32 = 0; i < count; i++) {
    const logit = load<f32>(at(line, load<i32>(at(candidates, i))));
    store<f32>(at(logits, i), logit);
    least = min(least, logit);
  }
  const scale = bucketScale(best, least);
  memory.fill(counts, 0, 3 * (BUCKETS << 2));
  let total: f64 = 0;
  for (let i: i32 = 0; i < count; i++) {
    const bucket = bucketOf(load<f32>(at(logits, i)), best, scale);
    const weight = weightOf(weights, candidates, i);
    const mass = at(masses, 2 * bucket);
    store<i32>(at(places, i), bucket);
    store<i32>(at(counts, bucket), load<i32>(at(counts, bucket)) + 1);
    store<f64>(mass, load<f64>(mass) + weight);
    total += weight;
  }
  return total;
}

/** The candidates of a bucket by falling logit, of equal ones the smaller id first, at the beginning of `ids`. */
function sortedIds(line: usize, candidates: usize, places: usize, count: i32, bucket: i32, ids: usize): void {
  const wanted = i32x4.splat(bucket);
  let size: i32 = 0;
  let i: i32 = 0;
  for (; i + 4 <= count; i += 4) {
    let mask = i32x4.bitmask(i32x4.eq(v128.load(at(places, i)), wanted));
    for (; mask != 0; mask &= mask - 1) store<i32>(at(ids, size++), load<i32>(at(candidates, i + ctz(mask))));
  }
  for (; i < count; i++) if (load<i32>(at(places, i)) == bucket) store<i32>(at(ids, size++), load<i32>(at(candidates, i)));
  sortIds(line, ids, 0, size, at(ids, size));
}

/**
 * A guess of the weight that all ids reach which top-p leaves, from some blocks of ids; not below `least`. A third of what may be left out
 * is not, as the other ids may be spread otherwise.
 */
function guessedWeight(weights: usize, sums: usize, allowed: i32, topP: f64, least: f64): f64 {
  const blocks = allowed / BLOCK;
  if (blocks < 4 * SAMPLE || least >= 1) return least;
  let sampled: f64 = 0;
  for (let i: i32 = 0; i < SAMPLE; i++) sampled += load<f64>(sums + ((<usize>((i * blocks) / SAMPLE)) << 3));
  const wanted = sampled * (0.3 + 0.7 * topP);
  let low = reinterpret<i32>(<f32>least);
  let high = reinterpret<i32>(<f32>1);
  for (let step: i32 = 0; step < STEPS; step++) {
    const middle = (low + high) >> 1; // floats above 0 are in the order of their bits
    if (sampledMass(weights, blocks, reinterpret<f32>(middle)) >= wanted) low = middle;
    else high = middle;
  }
  return max(least, <f64>reinterpret<f32>(low));
}

/** The sum of the weights in the sample that reach `least`. */
function sampledMass(weights: usize, blocks: i32, least: f32): f64 {
  const floor = f32x4.splat(least);
  let even = f32x4.splat(0);
  let odd = f32x4.splat(0);
  for (let i: i32 = 0; i < SAMPLE; i++) {
    const block = at(weights, ((i * blocks) / SAMPLE) * BLOCK);
    for (let j: i32 = 0; j < BLOCK; j += 8) {
      const first = v128.load(at(block, j));
      const second = v128.load(at(block, j), 16);
      even = f32x4.add(even, v128.and(first, f32x4.ge(first, floor)));
      odd = f32x4.add(odd, v128.and(second, f32x4.ge(second, floor)));
    }
  }
  return <f64>horizontalSum(f32x4.add(even, odd));
}
