// Products of matrices in 32-bit floats. Every element is a sum of chains of multiply-adds over 256 inner indices each, in order, whatever
// the number of rows and threads: a row gets the same bits alone and among others, and a long sum loses fewer bits.
#pragma once

#include <type_traits>

#include "simd.h"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace retool {

/** Columns that lie side by side in a strip. */
constexpr long STRIP = 2 * LANES;

/** The widest vectors that there are, and what the registers hold of sums: rows of a tile, and strips of one with all its rows. */
#if defined(__AVX512F__)
typedef float Wide __attribute__((vector_size(64)));
constexpr int ROWS = 8;
constexpr long TILE_STRIPS = 3;
#else
typedef Floats Wide;
constexpr int ROWS = 6;
constexpr long TILE_STRIPS = 1;
#endif
constexpr long WIDTH = sizeof(Wide) / sizeof(float);
constexpr int PER_STRIP = STRIP / WIDTH;

inline Wide loadWide(const float* from) {
  Wide x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

/** Whole numbers in a byte each, as floats. Compilers make single steps of the conversion where it is not named. */
inline Wide loadWide(const int8_t* from) {
#if defined(__AVX512F__)
  return (Wide)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
#elif defined(__AVX2__)
  return (Wide)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
#else
  Wide x;
  for (int i = 0; i < WIDTH; i++) x[i] = from[i];
  return x;
#endif
}

/** Lines of the right operand, floats or bytes: line k of strip s is at data + s·stripStride + k·lineStride. */
template <typename T>
struct Strips {
  const T* data;
  long stripStride;
  long lineStride;
};

/** Lines ahead that are asked for where many rows share each: the processor's own guesses come too late for them. */
constexpr long LINES_AHEAD = 32;

/** c [R, 16·S] (+)= a [R, inner]·b, with a(i, k) at a + i·strideI + k·strideK. */
template <int R, int S, typename T>
inline void multiplyTile(long inner, const float* a, long strideI, long strideK, const Strips<T>& b, float* c, long ldc, bool add) {
  constexpr int V = S * PER_STRIP;
  Wide sum[R][V];
  for (int i = 0; i < R; i++)
    for (int v = 0; v < V; v++) sum[i][v] = Wide{};
  const T* line = b.data;
  for (long k = 0; k < inner; k++) {
    Wide right[V];
    for (int v = 0; v < V; v++) right[v] = loadWide(line + v / PER_STRIP * b.stripStride + v % PER_STRIP * WIDTH);
    for (int s = 0; R > 3 && s < S; s++) __builtin_prefetch(line + s * b.stripStride + LINES_AHEAD * b.lineStride);
    for (int i = 0; i < R; i++) {
      const Wide x = a[i * strideI] - Wide{};
      for (int v = 0; v < V; v++) sum[i][v] += x * right[v];
    }
    a += strideK;
    line += b.lineStride;
  }
  for (int i = 0; i < R; i++)
    for (int v = 0; v < V; v++) {
      float* to = c + i * ldc + v * WIDTH;
      const Wide total = add ? loadWide(to) + sum[i][v] : sum[i][v];
      std::memcpy(to, &total, sizeof total);
    }
}

/** Strips of a tile with so many rows: with few rows several, so that enough sums are under way. */
constexpr long stripsOfTile(int rows) { return rows == 1 ? 4 : rows == 2 && TILE_STRIPS < 2 ? 2 : TILE_STRIPS; }

/** Calls use(R, S), constants, with the strips of a tile of R rows where as many are left, else with one. Returns how many it was. */
template <typename Use>
inline long withTile(int rows, long strips, const Use& use) {
  const bool isWide = strips >= stripsOfTile(rows);
  const auto tile = [&](auto count) {
    if (isWide) use(count, std::integral_constant<int, static_cast<int>(stripsOfTile(count))>());
    else use(count, std::integral_constant<int, 1>());
  };
  switch (rows) {
    case 1: tile(std::integral_constant<int, 1>()); break;
    case 2: tile(std::integral_constant<int, 2>()); break;
    case 3: tile(std::integral_constant<int, 3>()); break;
    case 4: tile(std::integral_constant<int, 4>()); break;
    case 5: tile(std::integral_constant<int, 5>()); break;
    case 6: tile(std::integral_constant<int, 6>()); break;
    case 7: tile(std::integral_constant<int, ROWS < 7 ? ROWS : 7>()); break;
    case 8: tile(std::integral_constant<int, ROWS < 8 ? ROWS : 8>()); break;
  }
  return isWide ? stripsOfTile(rows) : 1;
}

/** multiplyTile for 1 to ROWS rows and some of the `strips` that are left. Returns how many it took. */
template <typename T>
inline long multiplyRows(
    int rows, long strips, long inner, const float* a, long strideI, long strideK, const Strips<T>& b, float* c, long ldc, bool add) {
  return withTile(rows, strips, [&](auto r, auto s) { multiplyTile<r, s>(inner, a, strideI, strideK, b, c, ldc, add); });
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

/** A block of rows that a second-level cache holds. */
constexpr long BLOCK_ROWS = 384;

/** Columns of b from j0 on as strips of 16, each with all its lines; columns that are missing are 0. */
void packColumns(const Product& p, long j0, long columns, float* packed);

/** Columns j0 to j1 of a product of 1 to FEW_ROWS rows; their number is a multiple of eight, and neither operand is transposed. */
void streamColumns(const Product& p, long j0, long j1);

}  // namespace retool
