// What low-rank adapters need beside products: dropout of their input, and columns of a wider matrix.
#include <algorithm>

#include "kernels.h"
#include "threads.h"

namespace retool {

void dropout(
    const float* x, const int32_t* rowOffsets, long rows, long firstRow, long width, uint32_t key0, uint32_t key1, uint32_t threshold,
    float scale, float* out) {
  const double words = static_cast<double>(rowOffsets[rows]) * width;
  parallelFor(rows, 3 * words, [&](long row) {
    for (long token = rowOffsets[row]; token < rowOffsets[row + 1]; token++) {
      for (long i = 0; i < width; i += 4) {
        uint32_t c[4] = {static_cast<uint32_t>(i / 4), static_cast<uint32_t>(token - rowOffsets[row]),
                         static_cast<uint32_t>(firstRow + row), 0};
        uint32_t k0 = key0, k1 = key1;
        for (int round = 0; round < 10; round++, k0 += 0x9e3779b9, k1 += 0xbb67ae85) {
          const uint64_t p0 = static_cast<uint64_t>(c[0]) * 0xd2511f53, p1 = static_cast<uint64_t>(c[2]) * 0xcd9e8d57;
          c[0] = static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0;
          c[1] = static_cast<uint32_t>(p1);
          c[2] = static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1;
          c[3] = static_cast<uint32_t>(p0);
        }
        for (long lane = 0; lane < std::min(4L, width - i); lane++) {
          const long at = token * width + i + lane;
          out[at] = c[lane] < threshold ? 0 : x[at] * scale;
        }
      }
    }
  });
}

void addColumns(const float* from, long rows, long columns, float scale, float* to, long stride) {
  parallelForRange(rows, 0.8 * rows * columns, [&](long first, long last) {
    for (long row = first; row < last; row++)
      for (long i = 0; i < columns; i++) to[row * stride + i] += scale * from[row * columns + i];
  });
}

void takeColumns(const float* from, long stride, long rows, long columns, float scale, float* to) {
  parallelForRange(rows, 0.8 * rows * columns, [&](long first, long last) {
    for (long row = first; row < last; row++)
      for (long i = 0; i < columns; i++) to[row * columns + i] = scale * from[row * stride + i];
  });
}

}  // namespace retool
