// Products of matrices in 32-bit floats. Every element is a sum of chains of multiply-adds over 256 inner indices each, in order, whatever
// the number of rows and threads: a row gets the same bits alone and among others, and a long sum loses fewer bits.
#pragma once

#include "simd.h"

namespace retool {

constexpr long STRIP = 2 * LANES;
constexpr int ROWS = 6;

/** Lines of the right operand: line k of strip s is at data + s·stripStride + k·lineStride. */
struct Strips {
  const float* data;
  long stripStride;
  long lineStride;
};

/** c [R, 16·S] (+)= a [R, inner]·b, with a(i, k) at a + i·strideI + k·strideK. */
template <int R, int S>
inline void multiplyTile(long inner, const float* a, long strideI, long strideK, const Strips& b, float* c, long ldc, bool add) {
  Floats sum[R][2 * S];
  for (int i = 0; i < R; i++)
    for (int v = 0; v < 2 * S; v++) sum[i][v] = splat(0);
  const float* line = b.data;
  for (long k = 0; k < inner; k++) {
    Floats right[2 * S];
    for (int v = 0; v < 2 * S; v++) right[v] = load(line + v / 2 * b.stripStride + v % 2 * LANES);
    for (int i = 0; i < R; i++) {
      const Floats x = splat(a[i * strideI]);
      for (int v = 0; v < 2 * S; v++) sum[i][v] += x * right[v];
    }
    a += strideK;
    line += b.lineStride;
  }
  for (int i = 0; i < R; i++)
    for (int v = 0; v < 2 * S; v++) store(c + i * ldc + v * LANES, add ? load(c + i * ldc + v * LANES) + sum[i][v] : sum[i][v]);
}

/**
 * multiplyTile for 1 to 6 rows and some of the `strips` that are left: with few rows several at once, so that enough sums are under way.
 * Returns how many it took.
 */
inline long multiplyRows(
    int rows, long strips, long inner, const float* a, long strideI, long strideK, const Strips& b, float* c, long ldc, bool add) {
  if (rows == 1 && strips >= 4) return multiplyTile<1, 4>(inner, a, strideI, strideK, b, c, ldc, add), 4;
  if (rows == 2 && strips >= 2) return multiplyTile<2, 2>(inner, a, strideI, strideK, b, c, ldc, add), 2;
  switch (rows) {
    case 1: return multiplyTile<1, 1>(inner, a, strideI, strideK, b, c, ldc, add), 1;
    case 2: return multiplyTile<2, 1>(inner, a, strideI, strideK, b, c, ldc, add), 1;
    case 3: return multiplyTile<3, 1>(inner, a, strideI, strideK, b, c, ldc, add), 1;
    case 4: return multiplyTile<4, 1>(inner, a, strideI, strideK, b, c, ldc, add), 1;
    case 5: return multiplyTile<5, 1>(inner, a, strideI, strideK, b, c, ldc, add), 1;
    default: return multiplyTile<6, 1>(inner, a, strideI, strideK, b, c, ldc, add), 1;
  }
}

/** c [rows, columns] (+)= a·b for blocks that lie in the first-level caches, by the calling thread. */
void multiplyBlock(
    const float* a, long strideI, long strideK, const float* b, long ldb, float* c, long ldc, long rows, long columns, long inner, bool add);

/** A large product, by all threads. */
struct Product {
  /** a(i, k) at a + i·lda + k, or at a + k·lda + i where it is transposed. */
  const float* a;
  long lda;
  bool transposedA;
  /** b(k, j) at b + k·ldb + j, or at b + j·ldb + k where it is transposed. */
  const float* b;
  long ldb;
  bool transposedB;
  /** [rows, columns] */
  float* c;
  long rows, columns, inner;
  /** Whether it is added to what c holds. */
  bool add;
};

void multiply(const Product& product);

/** Inner indices of one chain of multiply-adds. */
constexpr long INNER = 256;

/** Up to so many rows, b is read where it lies. */
constexpr long FEW_ROWS = 6;

/** Columns j0 to j1 of a product of 1 to FEW_ROWS rows; their number is a multiple of eight, and neither operand is transposed. */
void streamColumns(const Product& p, long j0, long j1);

}  // namespace retool
