// Products of few rows with a matrix that is read where it lies, as in decoding: a packed copy would cost more than the product.
#include <algorithm>

#include "gemm.h"

namespace retool {
namespace {

/** Columns that are treated at a time. */
constexpr long STREAM_WIDTH = 256;

/** sums [R, width] = a·b over `inner` lines of b, which are read in order; `sums` stays in the first-level cache. */
template <int R>
void sumLines(const Product& p, long k0, long inner, long j, long width, float (*sums)[STREAM_WIDTH]) {
  for (int i = 0; i < R; i++) std::fill_n(sums[i], width, 0.0f);
  const float *a = p.a + k0, *b = p.b + k0 * p.ldb + j;
  long k = 0;
  for (; k + 4 <= inner; k += 4) {
    const float *b0 = b + k * p.ldb, *b1 = b0 + p.ldb, *b2 = b1 + p.ldb, *b3 = b2 + p.ldb;
    for (long n = 0; n < width; n += LANES) {
      const Floats y0 = load(b0 + n), y1 = load(b1 + n), y2 = load(b2 + n), y3 = load(b3 + n);
      for (int i = 0; i < R; i++) {
        const float* x = a + i * p.lda + k;
        Floats s = load(sums[i] + n);
        s += splat(x[0]) * y0;
        s += splat(x[1]) * y1;
        s += splat(x[2]) * y2;
        s += splat(x[3]) * y3;
        store(sums[i] + n, s);
      }
    }
  }
  for (; k < inner; k++)
    for (long n = 0; n < width; n += LANES)
      for (int i = 0; i < R; i++) store(sums[i] + n, load(sums[i] + n) + splat(a[i * p.lda + k]) * load(b + k * p.ldb + n));
}

/** Columns j0 to j1, a multiple of eight, for R rows with b as it is stored. */
template <int R>
void streamLines(const Product& p, long j0, long j1) {
  alignas(64) float sums[R][STREAM_WIDTH];
  for (long j = j0; j < j1; j += STREAM_WIDTH) {
    const long width = std::min(STREAM_WIDTH, j1 - j);
    for (long k0 = 0; k0 < p.inner; k0 += INNER) {
      sumLines<R>(p, k0, std::min(INNER, p.inner - k0), j, width, sums);
      const bool add = p.add || k0 > 0;
      for (int i = 0; i < R; i++) {
        float* c = p.c + i * p.columns + j;
        for (long n = 0; n < width; n++) c[n] = add ? c[n] + sums[i][n] : sums[i][n];
      }
    }
  }
}

}  // namespace

void streamColumns(const Product& p, long j0, long j1) {
  switch (p.rows) {
    case 1: return streamLines<1>(p, j0, j1);
    case 2: return streamLines<2>(p, j0, j1);
    case 3: return streamLines<3>(p, j0, j1);
    case 4: return streamLines<4>(p, j0, j1);
    case 5: return streamLines<5>(p, j0, j1);
    default: return streamLines<6>(p, j0, j1);
  }
}

}  // namespace retool
