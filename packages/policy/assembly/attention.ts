// Causal grouped-query attention over rows packed one after another, without padding.
// qkv is [tokens, (heads + 2·kvHeads)·headDim]: queries, then keys, then values of each token.
import { at, dot, exp4, expInPlace, log1, maximum, scaleInPlace } from "./simd";
import { multiply, multiplyAdd, multiplyBlocks, multiplyTransposedAdd, PANEL_FLOATS, transpose } from "./gemm";

/** Queries that are treated together. */
const BLOCK: i32 = 32;

// @ts-ignore: decorator
@inline
function roundUp8(n: i32): i32 {
  return (n + 7) & ~7;
}

/** First position that the n-th token of a sequence sees: all before it, or the last `window` with itself (0: no window). */
// @ts-ignore: decorator
@inline
function firstSeen(n: i32, window: i32): i32 {
  return window > 0 ? max(0, n - window) : 0;
}

/** Floats of scratch memory for the longest row. */
export function attentionScratch(maxLength: i32, headDim: i32): i32 {
  const width = roundUp8(maxLength);
  return 2 * headDim * width + 2 * BLOCK * width + PANEL_FLOATS;
}

/** Floats of scratch memory of {@link attentionCached}. */
export function attentionCachedScratch(groupSize: i32, capacity: i32): i32 {
  return max(BLOCK, groupSize) * roundUp8(capacity) + PANEL_FLOATS;
}

/** C = A·B; the larger products by panels, with the same bits. */
// @ts-ignore: decorator
@inline
function product(a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32, panel: usize): void {
  if (m < 8) multiply(a, lda, b, ldb, c, ldc, m, n, k);
  else multiplyBlocks(a, lda, b, ldb, c, ldc, m, n, k, panel);
}

/** A line of scores becomes probabilities of the first n positions, as far as they are seen, and 0 up to `visible`; log Σ exp. */
// @ts-ignore: decorator
@inline
function softmaxLine(line: usize, n: i32, visible: i32, scale: f32, window: i32): f32 {
  const first = firstSeen(n, window);
  const seen = at(line, first);
  scaleInPlace(seen, n - first, scale);
  const top = maximum(seen, n - first);
  const sum = expInPlace(seen, n - first, top);
  scaleInPlace(seen, n - first, <f32>1.0 / sum);
  memory.fill(line, 0, first << 2);
  memory.fill(at(line, n), 0, (visible - n) << 2);
  return top + log1(sum);
}

/** out [tokens, heads·headDim]; logSumExp [tokens, heads] is kept for the backward pass. */
export function attentionForward(
  qkv: usize, rowOffsets: usize, rows: i32, heads: i32, kvHeads: i32, headDim: i32, scale: f32, scratch: usize, maxLength: i32,
  out: usize, logSumExp: usize, window: i32,
): void {
  const stride = (heads + 2 * kvHeads) * headDim;
  const outStride = heads * headDim;
  const width = roundUp8(maxLength);
  const keysT = scratch;
  const scores = at(scratch, 2 * headDim * width);
  const panel = at(scores, 2 * BLOCK * width);
  const groupSize = heads / kvHeads;
  for (let row: i32 = 0; row < rows; row++) {
    const start = load<i32>(at(rowOffsets, row));
    const length = load<i32>(at(rowOffsets, row + 1)) - start;
    const padded = roundUp8(length);
    const base = at(qkv, start * stride);
    for (let kv: i32 = 0; kv < kvHeads; kv++) {
      memory.fill(keysT, 0, (headDim * width) << 2);
      transpose(at(base, (heads + kv) * headDim), stride, keysT, width, length, headDim);
      const values = at(base, (heads + kvHeads + kv) * headDim);
      for (let g: i32 = 0; g < groupSize; g++) {
        const head = kv * groupSize + g;
        for (let t0: i32 = 0; t0 < length; t0 += BLOCK) {
          const count = min(BLOCK, length - t0);
          const visible = t0 + count;
          const queries = at(base, t0 * stride + head * headDim);
          product(queries, stride, keysT, width, scores, width, count, min(roundUp8(visible), padded), headDim, panel);
          for (let i: i32 = 0; i < count; i++) {
            const sum = softmaxLine(at(scores, i * width), t0 + i + 1, visible, scale, window);
            store<f32>(at(logSumExp, (start + t0 + i) * heads + head), sum);
          }
          const target = at(out, (start + t0) * outStride + head * headDim);
          product(scores, width, values, stride, target, outStride, count, headDim, visible, panel);
        }
      }
    }
  }
}

/** dqkv must be zero on entry; the gradient of the packed qkv is added to it. */
export function attentionBackward(
  qkv: usize, out: usize, logSumExp: usize, dout: usize, rowOffsets: usize, rows: i32, heads: i32, kvHeads: i32, headDim: i32,
  scale: f32, scratch: usize, maxLength: i32, dqkv: usize, window: i32,
): void {
  const stride = (heads + 2 * kvHeads) * headDim;
  const outStride = heads * headDim;
  const width = roundUp8(maxLength);
  const keysT = scratch;
  const valuesT = at(scratch, headDim * width);
  const probabilities = at(scratch, 2 * headDim * width);
  const dscores = at(probabilities, BLOCK * width);
  const panel = at(dscores, BLOCK * width);
  const groupSize = heads / kvHeads;
  for (let row: i32 = 0; row < rows; row++) {
    const start = load<i32>(at(rowOffsets, row));
    const length = load<i32>(at(rowOffsets, row + 1)) - start;
    const padded = roundUp8(length);
    const base = at(qkv, start * stride);
    const dbase = at(dqkv, start * stride);
    for (let kv: i32 = 0; kv < kvHeads; kv++) {
      const keyColumn = (heads + kv) * headDim;
      const valueColumn = (heads + kvHeads + kv) * headDim;
      memory.fill(keysT, 0, (2 * headDim * width) << 2);
      transpose(at(base, keyColumn), stride, keysT, width, length, headDim);
      transpose(at(base, valueColumn), stride, valuesT, width, length, headDim);
      for (let g: i32 = 0; g < groupSize; g++) {
        const head = kv * groupSize + g;
        for (let t0: i32 = 0; t0 < length; t0 += BLOCK) {
          const count = min(BLOCK, length - t0);
          const visible = t0 + count;
          const columns = min(roundUp8(visible), padded);
          const queries = at(base, t0 * stride + head * headDim);
          const token = start + t0;
          const outLine = at(out, token * outStride + head * headDim);
          const doutLine = at(dout, token * outStride + head * headDim);
          product(queries, stride, keysT, width, probabilities, width, count, columns, headDim, panel);
          product(doutLine, outStride, valuesT, width, dscores, width, count, columns, headDim, panel);
          for (let i: i32 = 0; i < count; i++) {
            const p = at(probabilities, i * width);
            const ds = at(dscores, i * width);
            const n = t0 + i + 1;
            const lse = f32x4.splat(load<f32>(at(logSumExp, (token + i) * heads + head)));
            const delta = f32x4.splat(dot(at(outLine, i * outStride), at(doutLine, i * outStride), headDim));
            const s4 = f32x4.splat(scale);
            const first = firstSeen(n, window);
            for (let j: i32 = first & ~3; j < n; j += 4) { // lines are padded to whole vectors
              const probability = exp4(f32x4.sub(f32x4.mul(v128.load(at(p, j)), s4), lse));
              const gradient = f32x4.mul(f32x4.mul(probability, f32x4.sub(v128.load(at(ds, j)), delta)), s4);
              v128.store(at(p, j), probability);
              v128.store(at(ds, j), gradient);
            }
            memory.fill(p, 0, first << 2);
            memory.fill(ds, 0, first << 2);
            memory.fill(at(p, n), 0, (columns - n) << 2);
            memory.fill(at(ds, n), 0, (columns - n) << 2);
          }
          multiplyAdd(dscores, width, at(base, keyColumn), stride, at(dbase, t0 * stride + head * headDim), stride, count, headDim, visible);
          multiplyTransposedAdd(dscores, width, queries, stride, at(dbase, keyColumn), stride, visible, headDim, count);
          multiplyTransposedAdd(probabilities, width, doutLine, outStride, at(dbase, valueColumn), stride, visible, headDim, count);
        }
      }
    }
  }
}

/**
 * Attention of new tokens over a cache which it first extends in place.
 * keys [slots, kvHeads, headDim, capacity] (transposed, so that scores are computed for neighbouring positions at once),
 * values [slots, kvHeads, capacity, headDim]. Row r has rowOffsets[r+1] − rowOffsets[r] new tokens after past[r] cached ones.
 * scratch: see {@link attentionCachedScratch}.
 */
export function attentionCached(
  qkv: usize, rowOffsets: usize, slots: usize, past: usize, rows: i32, heads: i32, kvHeads: i32, headDim: i32, scale: f32,
  keys: usize, values: usize, capacity: i32, scratch: usize, out: usize, window: i32,
): void {
  const stride = (heads + 2 * kvHeads) * headDim;
  const outStride = heads * headDim;
  const groupSize = heads / kvHeads;
  const panel = at(scratch, max(BLOCK, groupSize) * roundUp8(capacity));
  for (let row: i32 = 0; row < rows; row++) {
    const start = load<i32>(at(rowOffsets, row));
    const count = load<i32>(at(rowOffsets, row + 1)) - start;
    const before = load<i32>(at(past, row));
    const slot = load<i32>(at(slots, row));
    for (let kv: i32 = 0; kv < kvHeads; kv++) {
      const cacheBase = (slot * kvHeads + kv) * headDim * capacity;
      const keysT = at(keys, cacheBase);
      const cached = at(values, cacheBase);
      for (let i: i32 = 0; i < count; i++) {
        const token = at(qkv, (start + i) * stride);
        const key = at(token, (heads + kv) * headDim);
        for (let d: i32 = 0; d < headDim; d++) store<f32>(at(keysT, d * capacity + before + i), load<f32>(at(key, d)));
        memory.copy(at(cached, (before + i) * headDim), at(token, (heads + kvHeads + kv) * headDim), headDim << 2);
      }
      if (count == 1) { // the heads of a group are the lines of one block
        const n = before + 1;
        const queries = at(qkv, start * stride + kv * groupSize * headDim);
        product(queries, headDim, keysT, capacity, scratch, capacity, groupSize, min(roundUp8(n), capacity), headDim, panel);
        for (let g: i32 = 0; g < groupSize; g++) softmaxLine(at(scratch, g * capacity), n, n, scale, window);
        const target = at(out, start * outStride + kv * groupSize * headDim);
        product(scratch, capacity, cached, headDim, target, headDim, groupSize, headDim, n, panel);
        continue;
      }
      for (let head = kv * groupSize; head < (kv + 1) * groupSize; head++) {
        for (let t0: i32 = 0; t0 < count; t0 += BLOCK) {
          const lines = min(BLOCK, count - t0);
          const visible = before + t0 + lines;
          const queries = at(qkv, (start + t0) * stride + head * headDim);
          product(queries, stride, keysT, capacity, scratch, capacity, lines, min(roundUp8(visible), capacity), headDim, panel);
          for (let i: i32 = 0; i < lines; i++) softmaxLine(at(scratch, i * capacity), before + t0 + i + 1, visible, scale, window);
          const target = at(out, (start + t0) * outStride + head * headDim);
          product(scratch, capacity, cached, headDim, target, outStride, lines, headDim, visible, panel);
        }
      }
    }
  }
}

/** Copies the first `length` positions of one cache slot to another. */
export function copyCacheSlot(
  keys: usize, values: usize, from: i32, to: i32, length: i32, kvHeads: i32, headDim: i32, capacity: i32,
): void {
  const slotSize = kvHeads * headDim * capacity;
  for (let line: i32 = 0; line < kvHeads * headDim; line++) {
    memory.copy(at(keys, to * slotSize + line * capacity), at(keys, from * slotSize + line * capacity), length << 2);
  }
  for (let kv: i32 = 0; kv < kvHeads; kv++) {
    const offset = kv * headDim * capacity;
    memory.copy(at(values, to * slotSize + offset), at(values, from * slotSize + offset), (length * headDim) << 2);
  }
}
