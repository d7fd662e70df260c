// Causal grouped-query attention over rows packed one after another, without padding: queries, then keys, then values of each token.
#include <algorithm>
#include <cmath>
#include <memory>

#include "gemm.h"
#include "kernels.h"
#include "threads.h"

namespace retool {
namespace {

/** Queries that are treated together. */
constexpr long BLOCK = 32;

long roundUp(long n) { return (n + STRIP - 1) / STRIP * STRIP; }

/** First position that the n-th token of a sequence sees: all before it, or the last `window` with itself (0: no window). */
long firstSeen(long n, long window) { return window > 0 ? std::max(0L, n - window) : 0; }

/** Scratch memory of a thread that stays from call to call. */
float* scratch(long floats) {
  static thread_local std::unique_ptr<float[]> memory;
  static thread_local long size = 0;
  if (floats > size) {
    memory.reset(new float[floats]);
    size = floats;
  }
  return memory.get();
}

/** to [headDim, width] = the transpose of `length` lines of from; columns up to `padded` are 0. */
void transposeHead(const float* from, long stride, long length, long headDim, float* to, long width, long padded) {
  for (long d = 0; d < headDim; d++) {
    for (long i = 0; i < length; i++) to[d * width + i] = from[i * stride + d];
    std::fill(to + d * width + length, to + d * width + padded, 0.0f);
  }
}

/** Scores of positions below n become probabilities, those not seen 0; returns the logarithm of the sum of exponentials. */
float softmaxLine(float* line, long n, long visible, float factor, long window) {
  const long first = firstSeen(n, window);
  float* seen = line + first;
  scale(seen, n - first, factor);
  const float top = largest(seen, n - first);
  const float sum = exponentials(seen, n - first, top);
  scale(seen, n - first, 1.0f / sum);
  std::fill(line, line + first, 0.0f);
  std::fill(line + n, line + visible, 0.0f);
  return top + static_cast<float>(std::log(static_cast<double>(sum)));
}

/** Nanoseconds of two products a pair of positions and head, over all rows. */
double pairsTime(const int32_t* rowOffsets, long rows, long heads, long headDim) {
  double pairs = 0;
  for (long row = 0; row < rows; row++) {
    const double length = rowOffsets[row + 1] - rowOffsets[row];
    pairs += length * length / 2;
  }
  return pairs * heads * (2 * headDim / 20.0 + 1.5);
}

/** Scores, probabilities and mixed values of `count` tokens from t0 on, for one head; `before` tokens are in the cache already. */
struct HeadBlock {
  const float* queries;
  long queryStride;
  const float* keysT;
  long keyWidth;
  const float* values;
  long valueStride;
  float* scores;
  long scoreWidth;
  float* out;
  long outStride;
  long headDim, window;
  float scale;
};

template <typename Note>
void attendBlock(const HeadBlock& b, long position, long count, Note&& note) {
  const long visible = position + count;
  multiplyBlock(b.queries, b.queryStride, 1, b.keysT, b.keyWidth, b.scores, b.scoreWidth, count, std::min(roundUp(visible), b.keyWidth), b.headDim, false);
  for (long i = 0; i < count; i++) note(i, softmaxLine(b.scores + i * b.scoreWidth, position + i + 1, visible, b.scale, b.window));
  multiplyBlock(b.scores, b.scoreWidth, 1, b.values, b.valueStride, b.out, b.outStride, count, b.headDim, visible, false);
}

}  // namespace

void attentionForward(
    const float* qkv, const int32_t* rowOffsets, long rows, long heads, long kvHeads, long headDim, float scale, long maxLength, float* out,
    float* logSumExp, long window) {
  const long stride = (heads + 2 * kvHeads) * headDim, outStride = heads * headDim;
  const long width = roundUp(maxLength), groupSize = heads / kvHeads;
  parallelFor(rows * kvHeads, pairsTime(rowOffsets, rows, heads, headDim), [&](long task) {
    const long row = task / kvHeads, kv = task % kvHeads;
    const long start = rowOffsets[row], length = rowOffsets[row + 1] - start;
    const float* base = qkv + start * stride;
    float* keysT = scratch((headDim + BLOCK) * width);
    float* scores = keysT + headDim * width;
    transposeHead(base + (heads + kv) * headDim, stride, length, headDim, keysT, width, roundUp(length));
    const float* values = base + (heads + kvHeads + kv) * headDim;
    for (long head = kv * groupSize; head < (kv + 1) * groupSize; head++) {
      for (long t0 = 0; t0 < length; t0 += BLOCK) {
        const HeadBlock block{base + t0 * stride + head * headDim, stride, keysT, width, values, stride, scores, width,
                              out + (start + t0) * outStride + head * headDim, outStride, headDim, window, scale};
        attendBlock(block, t0, std::min(BLOCK, length - t0), [&](long i, float sum) { logSumExp[(start + t0 + i) * heads + head] = sum; });
      }
    }
  });
}

void attentionBackward(
    const float* qkv, const float* out, const float* logSumExp, const float* dout, const int32_t* rowOffsets, long rows, long heads,
    long kvHeads, long headDim, float scale, long maxLength, float* dqkv, long window) {
  const long stride = (heads + 2 * kvHeads) * headDim, outStride = heads * headDim;
  const long width = roundUp(maxLength), groupSize = heads / kvHeads;
  parallelFor(rows * kvHeads, 2.5 * pairsTime(rowOffsets, rows, heads, headDim), [&](long task) {
    const long row = task / kvHeads, kv = task % kvHeads;
    const long start = rowOffsets[row], length = rowOffsets[row + 1] - start;
    const float* base = qkv + start * stride;
    float* dbase = dqkv + start * stride;
    const long keyColumn = (heads + kv) * headDim, valueColumn = (heads + kvHeads + kv) * headDim;
    float* keysT = scratch(2 * (headDim + BLOCK) * width);
    float* valuesT = keysT + headDim * width;
    float* probabilities = valuesT + headDim * width;
    float* dscores = probabilities + BLOCK * width;
    transposeHead(base + keyColumn, stride, length, headDim, keysT, width, roundUp(length));
    transposeHead(base + valueColumn, stride, length, headDim, valuesT, width, roundUp(length));
    for (long head = kv * groupSize; head < (kv + 1) * groupSize; head++) {
      for (long t0 = 0; t0 < length; t0 += BLOCK) {
        const long count = std::min(BLOCK, length - t0), visible = t0 + count, columns = roundUp(visible), token = start + t0;
        const float* queries = base + t0 * stride + head * headDim;
        const float* outLine = out + token * outStride + head * headDim;
        const float* doutLine = dout + token * outStride + head * headDim;
        multiplyBlock(queries, stride, 1, keysT, width, probabilities, width, count, columns, headDim, false);
        multiplyBlock(doutLine, outStride, 1, valuesT, width, dscores, width, count, columns, headDim, false);
        for (long i = 0; i < count; i++) {
          float *p = probabilities + i * width, *ds = dscores + i * width;
          const long n = t0 + i + 1, first = firstSeen(n, window);
          const Floats sum = splat(logSumExp[(token + i) * heads + head]);
          const Floats delta = splat(dot(outLine + i * outStride, doutLine + i * outStride, headDim));
          for (long j = first / LANES * LANES; j < n; j += LANES) {  // lines are padded to whole vectors
            const Floats probability = exponential(load(p + j) * splat(scale) - sum);
            store(p + j, probability);
            store(ds + j, probability * (load(ds + j) - delta) * splat(scale));
          }
          for (float* line : {p, ds}) {
            std::fill(line, line + first, 0.0f);
            std::fill(line + n, line + columns, 0.0f);
          }
        }
        multiplyBlock(dscores, width, 1, base + keyColumn, stride, dbase + t0 * stride + head * headDim, stride, count, headDim, visible, true);
        multiplyBlock(dscores, 1, width, queries, stride, dbase + keyColumn, stride, visible, headDim, count, true);
        multiplyBlock(probabilities, 1, width, doutLine, outStride, dbase + valueColumn, stride, visible, headDim, count, true);
      }
    }
  });
}

void attentionCached(
    const float* qkv, const int32_t* rowOffsets, const int32_t* slots, const int32_t* past, long rows, long heads, long kvHeads,
    long headDim, float scale, float* keys, float* values, long capacity, float* out, long window) {
  const long stride = (heads + 2 * kvHeads) * headDim, outStride = heads * headDim, groupSize = heads / kvHeads;
  double pairs = 0;
  for (long row = 0; row < rows; row++) pairs += (rowOffsets[row + 1] - rowOffsets[row]) * (past[row] + 1.0);
  const double nanoseconds = pairs * heads * (2 * headDim / 10.0 + 1.5) + pairsTime(rowOffsets, rows, heads, headDim);
  parallelFor(rows * kvHeads, nanoseconds, [&](long task) {
    const long row = task / kvHeads, kv = task % kvHeads;
    const long start = rowOffsets[row], count = rowOffsets[row + 1] - start, before = past[row];
    float* keysT = keys + (slots[row] * kvHeads + kv) * headDim * capacity;
    float* cached = values + (slots[row] * kvHeads + kv) * headDim * capacity;
    for (long i = 0; i < count; i++) {
      const float* token = qkv + (start + i) * stride;
      const float* key = token + (heads + kv) * headDim;
      for (long d = 0; d < headDim; d++) keysT[d * capacity + before + i] = key[d];
      std::copy_n(token + (heads + kvHeads + kv) * headDim, headDim, cached + (before + i) * headDim);
    }
    float* scores = scratch(std::max(BLOCK, groupSize) * capacity);
    if (count == 1) {  // the heads of a group are the lines of one block
      const float* queries = qkv + start * stride + kv * groupSize * headDim;
      float* target = out + start * outStride + kv * groupSize * headDim;
      const long n = before + 1;
      multiplyBlock(queries, headDim, 1, keysT, capacity, scores, capacity, groupSize, std::min(roundUp(n), capacity), headDim, false);
      for (long g = 0; g < groupSize; g++) softmaxLine(scores + g * capacity, n, n, scale, window);
      multiplyBlock(scores, capacity, 1, cached, headDim, target, headDim, groupSize, headDim, n, false);
      return;
    }
    for (long head = kv * groupSize; head < (kv + 1) * groupSize; head++) {
      for (long t0 = 0; t0 < count; t0 += BLOCK) {
        const HeadBlock block{qkv + (start + t0) * stride + head * headDim, stride, keysT, capacity, cached, headDim, scores, capacity,
                              out + (start + t0) * outStride + head * headDim, outStride, headDim, window, scale};
        attendBlock(block, before + t0, std::min(BLOCK, count - t0), [](long, float) {});
      }
    }
  });
}

void copyCacheSlot(float* keys, float* values, long from, long to, long length, long kvHeads, long headDim, long capacity) {
  const long size = kvHeads * headDim * capacity;
  for (long line = 0; line < kvHeads * headDim; line++)
    std::copy_n(keys + from * size + line * capacity, length, keys + to * size + line * capacity);
  for (long kv = 0; kv < kvHeads; kv++) {
    const long at = kv * headDim * capacity;
    std::copy_n(values + from * size + at, length * headDim, values + to * size + at);
  }
}

}  // namespace retool
