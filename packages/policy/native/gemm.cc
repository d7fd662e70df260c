#include "gemm.h"

#include <algorithm>
#include <cstdlib>

#include "kernels.h"
#include "threads.h"

namespace retool {
namespace {

/** Columns that are treated at a time: a panel of b fits a second-level cache beside a block of a. */
constexpr long COLUMNS = (TILE_STRIPS == 1 ? 4 : 2 * TILE_STRIPS) * STRIP;

/** Memory of a thread that stays from call to call. */
struct Workspace {
  alignas(64) float panel[INNER * COLUMNS];
  alignas(64) float block[INNER * BLOCK_ROWS];
};

Workspace& workspace() {
  static thread_local Workspace* const memory = static_cast<Workspace*>(std::aligned_alloc(64, sizeof(Workspace)));
  return *memory;
}

/** Eight lines of eight floats become columns. */
inline void transpose8(const float* from, long stride, float* to, long ldt) {
  Floats r[8], s[8];
  for (int i = 0; i < 8; i++) r[i] = load(from + i * stride);
  for (int i = 0; i < 8; i += 2) {
    s[i] = shuffled<0, 8, 1, 9, 4, 12, 5, 13>(r[i], r[i + 1]);
    s[i + 1] = shuffled<2, 10, 3, 11, 6, 14, 7, 15>(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = shuffled<0, 1, 8, 9, 4, 5, 12, 13>(s[i], s[i + 2]);
    r[i + 1] = shuffled<2, 3, 10, 11, 6, 7, 14, 15>(s[i], s[i + 2]);
    r[i + 2] = shuffled<0, 1, 8, 9, 4, 5, 12, 13>(s[i + 1], s[i + 3]);
    r[i + 3] = shuffled<2, 3, 10, 11, 6, 7, 14, 15>(s[i + 1], s[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    store(to + i * ldt, shuffled<0, 1, 2, 3, 8, 9, 10, 11>(r[i], r[i + 4]));
    store(to + (i + 4) * ldt, shuffled<4, 5, 6, 7, 12, 13, 14, 15>(r[i], r[i + 4]));
  }
}

/** to(k, i) = from(i, k) for `lines` lines of `inner` floats. */
void transpose(const float* from, long stride, long lines, long inner, float* to, long ldt) {
  long i = 0;
  for (; i + 8 <= lines; i += 8) {
    long k = 0;
    for (; k + 8 <= inner; k += 8) {
      for (int l = 0; l < 8; l++) __builtin_prefetch(from + (i + 8 + l) * stride + k);
      transpose8(from + i * stride + k, stride, to + k * ldt + i, ldt);
    }
    for (; k < inner; k++)
      for (int l = 0; l < 8; l++) to[k * ldt + i + l] = from[(i + l) * stride + k];
  }
  for (; i < lines; i++)
    for (long k = 0; k < inner; k++) to[k * ldt + i] = from[i * stride + k];
}

/** Lines ahead that are asked for while b is copied: they lie too far apart for the processor to foresee. */
constexpr long AHEAD = 12;

/** Strips of 16 columns of b, each as `inner` lines; columns that are missing are 0. */
inline __attribute__((always_inline)) void packStrips(const Product& p, long k0, long inner, long j0, long columns, float* panel) {
  const long strips = columns / STRIP, rest = columns % STRIP;
  float* last = panel + strips * inner * STRIP;
  if (rest > 0) std::fill_n(last, inner * STRIP, 0.0f);
  if (p.transposedB) {
    for (long j = 0; j < columns; j += STRIP)
      transpose(p.b + (j0 + j) * p.ldb + k0, p.ldb, std::min(STRIP, columns - j), inner, panel + j * inner, STRIP);
    return;
  }
  const float* from = p.b + k0 * p.ldb + j0;
  for (long k = 0; k < inner; k++, from += p.ldb) {
    for (long s = 0; s < strips; s++) {
      __builtin_prefetch(from + AHEAD * p.ldb + s * STRIP);
      float* to = panel + (s * inner + k) * STRIP;
      store(to, load(from + s * STRIP));
      store(to + LANES, load(from + s * STRIP + LANES));
    }
    std::copy_n(from + strips * STRIP, rest, last + k * STRIP);
  }
}

/** A tile whose columns end before the strip does. */
void multiplyEdge(int rows, long inner, const float* a, long lda, const float* b, float* c, long ldc, long width, bool add) {
  float tile[ROWS * STRIP] = {};
  if (add)
    for (int i = 0; i < rows; i++) std::copy_n(c + i * ldc, width, tile + i * STRIP);
  multiplyRows(rows, 1, inner, a, lda, 1, Strips<float>{b, 0, STRIP}, tile, STRIP, add);
  for (int i = 0; i < rows; i++) std::copy_n(tile + i * STRIP, width, c + i * ldc);
}

/** Rows i0 to i1 and columns j0 to j1 of the product. */
void multiplyPart(const Product& p, long i0, long i1, long j0, long j1) {
  Workspace& memory = workspace();
  for (long k0 = 0; k0 < p.inner; k0 += INNER) {
    const long inner = std::min(INNER, p.inner - k0);
    const bool add = p.add || k0 > 0;
    const float* a = p.a + i0 * p.lda + k0;
    long lda = p.lda;
    if (p.transposedA) {
      transpose(p.a + k0 * p.lda + i0, p.lda, inner, i1 - i0, memory.block, INNER);
      a = memory.block;
      lda = INNER;
    }
    for (long j = j0; j < j1; j += COLUMNS) {
      const long columns = std::min(COLUMNS, j1 - j);
      packStrips(p, k0, inner, j, columns, memory.panel);
      const long strips = columns / STRIP, rest = columns % STRIP;
      const auto multiplyStrip = [&](long strip, int rows, long i) {
        const Strips<float> b{memory.panel + strip * inner * STRIP, inner * STRIP, STRIP};
        return multiplyRows(rows, strips - strip, inner, a + (i - i0) * lda, lda, 1, b, p.c + i * p.columns + j + strip * STRIP, p.columns, add);
      };
      const long full = i0 + (i1 - i0) / ROWS * ROWS;
      for (long strip = 0, taken = 1; full > i0 && strip < strips; strip += taken)
        for (long i = i0; i < full; i += ROWS) taken = multiplyStrip(strip, ROWS, i);
      for (long strip = 0; full < i1 && strip < strips;) strip += multiplyStrip(strip, static_cast<int>(i1 - full), full);
      for (long i = i0; rest > 0 && i < i1; i += ROWS) {
        const int rows = static_cast<int>(std::min<long>(ROWS, i1 - i));
        float* c = p.c + i * p.columns + j + strips * STRIP;
        multiplyEdge(rows, inner, a + (i - i0) * lda, lda, memory.panel + strips * inner * STRIP, c, p.columns, rest, add);
      }
    }
  }
}

long roundUp(long n, long multiple) { return (n + multiple - 1) / multiple * multiple; }

}  // namespace

void matmul(const float* a, const float* b, long strideK, long strideN, float* c, long rows, long columns, long inner) {
  const bool transposed = strideN != 1 || (strideK == 1 && columns > 1);
  multiply({a, inner, false, b, transposed ? strideN : strideK, transposed, c, rows, columns, inner, false});
}

void weightGradient(const float* a, const float* b, long rows, long inputs, long outputs, float* total) {
  multiply({a, inputs, true, b, outputs, false, total, inputs, outputs, rows, true});
}

void multiply(const Product& p) {
  if (p.rows == 0 || p.columns == 0) return;
  if (p.inner == 0) {
    if (!p.add) std::fill_n(p.c, p.rows * p.columns, 0.0f);
    return;
  }
  // About 50 multiply-adds a nanosecond where b stays in cache, and 2 floats of b a nanosecond where it must be read.
  const double nanoseconds = std::max(p.rows * p.columns * p.inner / 40.0, p.columns * p.inner / 2.5);
  const long parts = nanoseconds < MIN_PARALLEL_NS ? 1 : 4L * threadCount();
  if (p.rows <= FEW_ROWS && !p.transposedA && !p.transposedB && p.columns % LANES == 0) {
    const long size = roundUp((p.columns + parts - 1) / parts, COLUMNS);
    parallelFor((p.columns + size - 1) / size, nanoseconds, [&](long part) {
      streamColumns(p, part * size, std::min((part + 1) * size, p.columns));
    });
    return;
  }
  const long rowBlocks = (p.rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
  const long rows = roundUp((p.rows + rowBlocks - 1) / rowBlocks, ROWS);
  const long columnParts = std::max(1L, (parts + rowBlocks - 1) / rowBlocks);
  const long columns = roundUp((p.columns + columnParts - 1) / columnParts, COLUMNS);
  const long across = (p.columns + columns - 1) / columns;
  parallelFor(rowBlocks * across, nanoseconds, [&](long part) {
    const long i = part / across * rows, j = part % across * columns;
    multiplyPart(p, i, std::min(i + rows, p.rows), j, std::min(j + columns, p.columns));
  });
}

void packColumns(const Product& p, long j0, long columns, float* packed) { packStrips(p, 0, p.inner, j0, columns, packed); }

void multiplyBlock(
    const float* a, long strideI, long strideK, const float* b, long ldb, float* c, long ldc, long rows, long columns, long inner, bool add) {
  const long strips = columns / STRIP;
  for (long i = 0; i < rows; i += ROWS) {
    const int count = static_cast<int>(std::min<long>(ROWS, rows - i));
    for (long s = 0; s < strips;) {
      const Strips<float> lines{b + s * STRIP, STRIP, ldb};
      s += multiplyRows(count, strips - s, inner, a + i * strideI, strideI, strideK, lines, c + i * ldc + s * STRIP, ldc, add);
    }
  }
  long j = strips * STRIP;
  if (j + LANES <= columns) {
    for (long i = 0; i < rows; i++) {
      Floats sum = splat(0);
      for (long k = 0; k < inner; k++) sum += splat(a[i * strideI + k * strideK]) * load(b + k * ldb + j);
      store(c + i * ldc + j, add ? load(c + i * ldc + j) + sum : sum);
    }
    j += LANES;
  }
  for (; j < columns; j++)
    for (long i = 0; i < rows; i++) {
      float sum = 0;
      for (long k = 0; k < inner; k++) sum += a[i * strideI + k * strideK] * b[k * ldb + j];
      c[i * ldc + j] = add ? c[i * ldc + j] + sum : sum;
    }
}

}  // namespace retool
