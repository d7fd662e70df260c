// One token drawn from the most likely ones alone: top-k, top-p and min-p.
import { drawByBuckets } from "./buckets";
import { BLOCK } from "./sampling";
import { at, maximum } from "./simd";
import { exp2, weightAt } from "./weights";

/** Parts of the range of logits into which candidates are put before they are sorted. */
export const BUCKETS: i32 = 1024;
/** Longest run that is sorted by insertion. */
const RUN: i32 = 24;

/** Floats of scratch memory for drawFromMostLikely: candidates, their buckets, room to sort them, what buckets hold, largest weights of blocks. */
export function mostLikelyScratch(vocab: i32): i32 {
  return 4 * vocab + 4 * BUCKETS + vocab / BLOCK + 2;
}

/**
 * An id drawn from those that top-k, then top-p and then min-p leave, by falling weight, of equal logits the smaller id first; −1 where the
 * rounding of the weights could decide. Only ids that can be among them are looked at, and only as many of these sorted as it takes.
 */
export function drawFromMostLikely(
  line: usize, weights: usize, sums: usize, allowed: i32, best: f32, total: f64, topP: f64, topK: f64, uniform: f64, inverse: f64,
  logMinP: f64, exact: bool, scratch: usize,
): i32 {
  const isCut = topK > 0 && topK < <f64>allowed;
  const most: i32 = isCut ? <i32>topK : allowed;
  // Together, ids below this have less than what top-p leaves out; or min-p leaves none of them.
  const floor = isCut
    ? weightOfMost(weights, allowed, most, exact, at(scratch, 2 * allowed))
    : max(((1 - topP) * total) / <f64>allowed, f64x2.extract_lane(exp2(f64x2.splat(logMinP)), 0));
  const least = max(floor * (1 - 1e-5), 1e-38);
  return exact
    ? drawExactly(line, weights, sums, allowed, best, total, topP, most, uniform, inverse, logMinP, least, scratch)
    : drawByBuckets(line, weights, sums, allowed, best, total, topP, most, uniform, inverse, logMinP, least, scratch);
}

function drawExactly(
  line: usize, weights: usize, sums: usize, allowed: i32, best: f32, total: f64, topP: f64, most: i32, uniform: f64, inverse: f64,
  logMinP: f64, least: f64, scratch: usize,
): i32 {
  const candidates = scratch;
  const count = collect(weights, sums, allowed, least, true, candidates);
  if (count == 0) return 0;
  const sorted = at(candidates, allowed);
  const ends = at(sorted, allowed);
  distribute(line, candidates, count, best, sorted, ends);

  const kept = min(most, count);
  let bucket: i32 = 0; // buckets before it are sorted
  let left = total;
  if (most < allowed) {
    left = 0;
    for (let i: i32 = 0; i < kept; i++) {
      while (bucket == 0 || i >= load<i32>(at(ends, bucket - 1))) sortBucket(line, sorted, ends, bucket++, candidates);
      left += weightAt(weights, load<i32>(at(sorted, i)), true);
    }
  }
  const enough = topP < 1 ? topP * left : Infinity;
  let mass: f64 = 0;
  let nucleus: i32 = 0;
  while (nucleus < kept && (nucleus == 0 || mass < enough)) {
    while (bucket == 0 || nucleus >= load<i32>(at(ends, bucket - 1))) sortBucket(line, sorted, ends, bucket++, candidates);
    const id = load<i32>(at(sorted, nucleus));
    if (nucleus > 0 && !isLikely(line, id, best, inverse, logMinP)) break;
    mass += weightAt(weights, id, true);
    nucleus++;
  }

  let rest = uniform * mass;
  let last = load<i32>(sorted);
  for (let i: i32 = 0; i < nucleus; i++) {
    const id = load<i32>(at(sorted, i));
    const weight = weightAt(weights, id, true);
    if (weight == 0) continue;
    last = id;
    if (rest < weight) return id;
    rest -= weight;
  }
  return last; // rounding left a crumb of the last token's share
}

// @ts-ignore: decorator
@inline
function isLikely(line: usize, id: i32, best: f32, inverse: f64, logMinP: f64): bool {
  return (<f64>load<f32>(at(line, id)) - <f64>best) * inverse >= logMinP;
}

/** Leaves the candidates that min-p leaves, in their order; returns how many. */
export function keepLikely(line: usize, candidates: usize, count: i32, best: f32, inverse: f64, logMinP: f64): i32 {
  if (logMinP == -Infinity) return count;
  let kept: i32 = 0;
  for (let i: i32 = 0; i < count; i++) {
    const id = load<i32>(at(candidates, i));
    if (isLikely(line, id, best, inverse, logMinP)) store<i32>(at(candidates, kept++), id);
  }
  return kept;
}

/** A weight that at least `most` ids reach: of the largest ones of the blocks, the one that comes so far down; 0 where there are too few. */
function weightOfMost(weights: usize, allowed: i32, most: i32, exact: bool, largest: usize): f64 {
  if (most > (allowed - 1) / BLOCK + 1) return 0;
  let count: i32 = 0;
  for (let start: i32 = 0; start < allowed; start += BLOCK) {
    const weight = largestOf(weights, start, min(start + BLOCK, allowed), exact);
    if (count == most && weight <= load<f32>(at(largest, count - 1))) continue;
    let place = count < most ? count++ : count - 1;
    for (; place > 0 && load<f32>(at(largest, place - 1)) < weight; place--) {
      store<f32>(at(largest, place), load<f32>(at(largest, place - 1)));
    }
    store<f32>(at(largest, place), weight);
  }
  return <f64>load<f32>(at(largest, most - 1));
}

function largestOf(weights: usize, start: i32, end: i32, exact: bool): f32 {
  if (!exact) return maximum(at(weights, start), end - start);
  let weight: f64 = 0;
  for (let id = start; id < end; id++) weight = max(weight, weightAt(weights, id, true));
  return <f32>weight;
}

/** The ids whose weight reaches the floor, rising; returns how many. */
export function collect(weights: usize, sums: usize, allowed: i32, floor: f64, exact: bool, candidates: usize): i32 {
  let count: i32 = 0;
  for (let start: i32 = 0; start < allowed; start += BLOCK) {
    if (load<f64>(sums + ((<usize>(start / BLOCK)) << 3)) < floor) continue;
    const end = min(start + BLOCK, allowed);
    let id = start;
    if (!exact) {
      const least = f32x4.splat(<f32>floor);
      for (; id + 16 <= end; id += 16) {
        const from = at(weights, id);
        const low = i16x8.narrow_i32x4_s(f32x4.ge(v128.load(from), least), f32x4.ge(v128.load(from, 16), least));
        const high = i16x8.narrow_i32x4_s(f32x4.ge(v128.load(from, 32), least), f32x4.ge(v128.load(from, 48), least));
        let mask = i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
        for (; mask != 0; mask &= mask - 1) store<i32>(at(candidates, count++), id + ctz(mask));
      }
      for (; id + 4 <= end; id += 4) {
        let mask = i32x4.bitmask(f32x4.ge(v128.load(at(weights, id)), least));
        for (; mask != 0; mask &= mask - 1) store<i32>(at(candidates, count++), id + ctz(mask));
      }
    }
    for (; id < end; id++) if (weightAt(weights, id, exact) >= floor) store<i32>(at(candidates, count++), id);
  }
  return count;
}

/** Puts candidates into buckets by falling logit, in a bucket by rising id. */
function distribute(line: usize, candidates: usize, count: i32, best: f32, sorted: usize, ends: usize): void {
  let least = best;
  for (let i: i32 = 0; i < count; i++) least = min(least, load<f32>(at(line, load<i32>(at(candidates, i)))));
  const scale = bucketScale(best, least);
  memory.fill(ends, 0, BUCKETS << 2);
  for (let i: i32 = 0; i < count; i++) {
    const end = at(ends, bucketOf(load<f32>(at(line, load<i32>(at(candidates, i)))), best, scale));
    store<i32>(end, load<i32>(end) + 1);
  }
  let start: i32 = 0;
  for (let bucket: i32 = 0; bucket < BUCKETS; bucket++) {
    const size = load<i32>(at(ends, bucket));
    store<i32>(at(ends, bucket), start);
    start += size;
  }
  for (let i: i32 = 0; i < count; i++) {
    const id = load<i32>(at(candidates, i));
    const end = at(ends, bucketOf(load<f32>(at(line, id)), best, scale));
    store<i32>(at(sorted, load<i32>(end)), id);
    store<i32>(end, load<i32>(end) + 1);
  }
}

/** Buckets for each unit of the logits from the least to the best one. */
export function bucketScale(best: f32, least: f32): f32 {
  return best > least && best - least < Infinity ? <f32>(BUCKETS - 1) / (best - least) : 0;
}

// @ts-ignore: decorator
@inline
export function bucketOf(logit: f32, best: f32, scale: f32): i32 {
  const place = i32x4.extract_lane(i32x4.trunc_sat_f32x4_s(f32x4.splat((best - logit) * scale)), 0);
  return max(0, min(place, BUCKETS - 1));
}

/** Sorts a bucket by falling logit; equal ones stay in their order. */
function sortBucket(line: usize, sorted: usize, ends: usize, bucket: i32, space: usize): void {
  sortIds(line, sorted, bucket == 0 ? 0 : load<i32>(at(ends, bucket - 1)), load<i32>(at(ends, bucket)), space);
}

/** Sorts ids from one place to another by falling logit; equal ones stay in their order. */
export function sortIds(line: usize, sorted: usize, start: i32, end: i32, space: usize): void {
  for (let from = start; from < end; from += RUN) insertionSort(line, sorted, from, min(from + RUN, end));
  for (let size: i32 = RUN; size < end - start; size *= 2) {
    for (let from = start; from + size < end; from += 2 * size) merge(line, sorted, from, from + size, min(from + 2 * size, end), space);
  }
}

function insertionSort(line: usize, sorted: usize, from: i32, to: i32): void {
  for (let i = from + 1; i < to; i++) {
    const id = load<i32>(at(sorted, i));
    const logit = load<f32>(at(line, id));
    let place = i;
    for (; place > from; place--) {
      const before = load<i32>(at(sorted, place - 1));
      if (load<f32>(at(line, before)) >= logit) break;
      store<i32>(at(sorted, place), before);
    }
    store<i32>(at(sorted, place), id);
  }
}

/** Merges two sorted runs that lie one after the other. */
function merge(line: usize, sorted: usize, from: i32, middle: i32, to: i32, space: usize): void {
  if (load<f32>(at(line, load<i32>(at(sorted, middle - 1)))) >= load<f32>(at(line, load<i32>(at(sorted, middle))))) return;
  memory.copy(space, at(sorted, from), (<usize>(middle - from)) << 2);
  let left: i32 = 0;
  let right = middle;
  for (let place = from; left < middle - from; place++) {
    const own = load<i32>(at(space, left));
    const takesRight = right < to && load<f32>(at(line, load<i32>(at(sorted, right)))) > load<f32>(at(line, own));
    store<i32>(at(sorted, place), takesRight ? load<i32>(at(sorted, right++)) : own);
    if (!takesRight) left++;
  }
}
