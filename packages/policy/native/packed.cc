// Products with weights that are packed once and used many times, as in sampling: as floats, or as whole numbers in 8 bits with a scale
// for each column. Strips of 16 columns follow one another, each with all its lines; columns that are missing are 0.
#include <algorithm>
#include <cmath>
#include <vector>

#include "gemm.h"
#include "kernels.h"
#include "threads.h"

namespace retool {
namespace {

long stripsOf(long columns) { return (columns + STRIP - 1) / STRIP; }

/** Strips that a thread packs or quantizes at a time. */
constexpr long CHUNK = 4;

/** Calls run(first column, number of columns) on all of them, by all threads. */
template <typename Run>
void eachChunk(long columns, long inner, const Run& run) {
  constexpr long width = CHUNK * STRIP;
  parallelFor((columns + width - 1) / width, 0.6 * columns * inner, [&](long part) {
    run(part * width, std::min(width, columns - part * width));
  });
}

Product rightOperand(const float* b, long strideK, long strideN, long columns, long inner) {
  const bool transposed = strideN != 1 || (strideK == 1 && columns > 1);
  return {nullptr, 0, false, b, transposed ? strideN : strideK, transposed, nullptr, 0, columns, inner, false};
}

/** c [rows, columns] = a·b, each column times its scale where there are any. */
template <typename T>
void multiplyPacked(const float* a, const T* packed, const float* scales, float* c, long rows, long columns, long inner) {
  const long all = stripsOf(columns), whole = columns / STRIP;
  const long group = stripsOfTile(static_cast<int>(std::min<long>(rows, ROWS)));
  /** Strips that lie in c, or in a tile of their own where c ends before they do. */
  const auto multiplyStrips = [&](long strip, long count, long i0, long i1, float* target, long ldc) {
    for (long k0 = 0; k0 < inner || k0 == 0; k0 += INNER) {
      const Strips<T> b{packed + (strip * inner + k0) * STRIP, inner * STRIP, STRIP};
      for (long i = i0; i < i1; i += ROWS) {
        const int tileRows = static_cast<int>(std::min<long>(ROWS, i1 - i));
        for (long done = 0; done < count;) {
          const Strips<T> rest{b.data + done * b.stripStride, b.stripStride, b.lineStride};
          float* to = target + (i - i0) * ldc + done * STRIP;
          done += multiplyRows(tileRows, count - done, std::min(INNER, inner - k0), a + i * inner + k0, inner, 1, rest, to, ldc, k0 > 0);
        }
      }
    }
    for (long i = i0; scales != nullptr && i < i1; i++)
      for (long j = 0; j < count * STRIP; j += LANES) {
        float* to = target + (i - i0) * ldc + j;
        store(to, load(to) * load(scales + strip * STRIP + j));
      }
  };
  const double nanoseconds = std::max(rows * columns * inner / 60.0, columns * inner * sizeof(T) / 20.0);
  const long parts = nanoseconds < MIN_PARALLEL_NS ? 1 : 4L * threadCount();
  const long size = ((all + parts - 1) / parts + group - 1) / group * group;
  parallelFor((all + size - 1) / size, nanoseconds, [&](long part) {
    const long last = std::min((part + 1) * size, all);
    for (long i0 = 0; i0 < rows; i0 += BLOCK_ROWS) {
      const long i1 = std::min(i0 + BLOCK_ROWS, rows);
      for (long strip = part * size; strip < std::min(last, whole); strip += group)
        multiplyStrips(strip, std::min({group, last - strip, whole - strip}), i0, i1, c + i0 * columns + strip * STRIP, columns);
      for (long i = i0; last > whole && i < i1; i += ROWS) {
        float tile[ROWS * STRIP];
        const long end = std::min<long>(i + ROWS, i1);
        multiplyStrips(whole, 1, i, end, tile, STRIP);
        for (long row = i; row < end; row++)
          std::copy_n(tile + (row - i) * STRIP, columns - whole * STRIP, c + row * columns + whole * STRIP);
      }
    }
  });
}

/** A strip of floats as bytes and the scales of its columns. */
void quantizeStrip(const float* strip, long inner, float* scales, int8_t* to) {
  for (long j = 0; j < STRIP; j++) scales[j] = 0;
  for (long k = 0; k < inner; k++)
    for (long j = 0; j < STRIP; j++) scales[j] = std::max(scales[j], std::fabs(strip[k * STRIP + j]));
  float divisors[STRIP];
  for (long j = 0; j < STRIP; j++) {
    scales[j] /= 127;
    divisors[j] = scales[j] > 0 ? scales[j] : 1;
  }
  for (long i = 0; i < inner * STRIP; i += STRIP)
    for (long j = 0; j < STRIP; j++) to[i + j] = static_cast<int8_t>(std::nearbyint(strip[i + j] / divisors[j]));
}

}  // namespace

void packWeight(const float* b, long strideK, long strideN, long columns, long inner, float* packed) {
  const Product p = rightOperand(b, strideK, strideN, columns, inner);
  eachChunk(columns, inner, [&](long first, long count) { packColumns(p, first, count, packed + first * inner); });
}

void matmulPacked(const float* a, const float* packed, float* c, long rows, long columns, long inner) {
  multiplyPacked<float>(a, packed, nullptr, c, rows, columns, inner);
}

void quantizeWeight(const float* b, long strideK, long strideN, long columns, long inner, float* quantized) {
  const Product p = rightOperand(b, strideK, strideN, columns, inner);
  int8_t* bytes = reinterpret_cast<int8_t*>(quantized + stripsOf(columns) * STRIP);
  eachChunk(columns, inner, [&](long first, long count) {
    static thread_local std::vector<float> strips;
    strips.resize(CHUNK * STRIP * inner);
    packColumns(p, first, count, strips.data());
    for (long j = 0; j < count; j += STRIP) quantizeStrip(strips.data() + j * inner, inner, quantized + first + j, bytes + (first + j) * inner);
  });
}

void matmulQuantized(const float* a, const float* quantized, float* c, long rows, long columns, long inner) {
  const int8_t* bytes = reinterpret_cast<const int8_t*>(quantized + stripsOf(columns) * STRIP);
  multiplyPacked<int8_t>(a, bytes, quantized, c, rows, columns, inner);
}

}  // namespace retool
