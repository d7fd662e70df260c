// Operations that treat each token's vector on its own: RMS norm, rotary embedding, SwiGLU, rows of a table.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels.h"
#include "simd.h"
#include "threads.h"

namespace retool {
namespace {

/** Rows whose weight gradients are summed together; fixed, so that the sum does not depend on the number of threads. */
constexpr long GRADIENT_ROWS = 64;

inline void addTo(double* sums, Floats x) {
  for (int i = 0; i < LANES; i++) sums[i] += static_cast<double>(x[i]);
}

void normBackward(const float* x, const float* weight, float r, const float* dy, long width, float* dx, double* dweight) {
  Floats inners = splat(0);
  long i = 0;
  for (; i + LANES <= width; i += LANES) {
    const Floats product = load(dy + i) * load(x + i);
    inners += product * load(weight + i);
    addTo(dweight + i, product * splat(r));
  }
  float inner = sumOf(inners);
  for (; i < width; i++) {
    const float product = dy[i] * x[i];
    inner += product * weight[i];
    dweight[i] += product * r;
  }
  const float c = inner * r * r * r / static_cast<float>(width);
  for (i = 0; i < width; i++) dx[i] = dy[i] * weight[i] * r - x[i] * c;
}

/**
 * Calls run(row, sums) for each row, and returns the `sums` [width] of all. They are double: over all tokens of a batch, floats would lose
 * bits.
 */
template <typename Run>
std::vector<double> sumOverRows(long rows, long width, double nanoseconds, Run&& run) {
  const long parts = (rows + GRADIENT_ROWS - 1) / GRADIENT_ROWS;
  std::vector<double> sums(std::max(1L, parts) * width);
  parallelFor(parts, nanoseconds, [&](long part) {
    for (long row = part * GRADIENT_ROWS; row < std::min((part + 1) * GRADIENT_ROWS, rows); row++) run(row, sums.data() + part * width);
  });
  for (long part = 1; part < parts; part++)
    for (long i = 0; i < width; i++) sums[i] += sums[part * width + i];
  sums.resize(width);
  return sums;
}

inline void rotatePair(const float* x, long half, const float* cosine, const float* sine, float* to) {
  for (long i = 0; i < half; i++) {
    const float a = x[i], b = x[i + half];
    to[i] = a * cosine[i] - b * sine[i];
    to[i + half] = b * cosine[i] + a * sine[i];
  }
}

inline void rotatePairBack(const float* d, long half, const float* cosine, const float* sine, float* to) {
  for (long i = 0; i < half; i++) {
    const float a = d[i], b = d[i + half];
    to[i] = a * cosine[i] + b * sine[i];
    to[i + half] = b * cosine[i] - a * sine[i];
  }
}

}  // namespace

void rmsNormForward(const float* x, const float* weight, long rows, long width, float epsilon, float* y, float* rstd) {
  parallelForRange(rows, 0.5 * rows * width, [&](long first, long last) {
    for (long row = first; row < last; row++) {
      const float* from = x + row * width;
      float* to = y + row * width;
      const float r = 1.0f / std::sqrt(dot(from, from, width) / static_cast<float>(width) + epsilon);
      rstd[row] = r;
      for (long i = 0; i < width; i++) to[i] = from[i] * r * weight[i];
    }
  });
}

void rmsNormBackward(
    const float* x, const float* weight, const float* rstd, const float* dy, long rows, long width, float* dx, float* dweight) {
  const std::vector<double> total = sumOverRows(rows, width, rows * width, [&](long row, double* sums) {
    const long at = row * width;
    normBackward(x + at, weight, rstd[row], dy + at, width, dx + at, sums);
  });
  std::copy(total.begin(), total.end(), dweight);
}

void sumRows(const float* x, long rows, long width, float* out) {
  const std::vector<double> total = sumOverRows(rows, width, 0.5 * rows * width, [&](long row, double* sums) {
    for (long i = 0; i < width; i++) sums[i] += static_cast<double>(x[row * width + i]);
  });
  std::copy(total.begin(), total.end(), out);
}

void rotaryForward(
    const float* qkv, const float* queryWeight, const float* keyWeight, const float* cosines, const float* sines, const int32_t* positions,
    long tokens, long heads, long kvHeads, long headDim, float epsilon, float* out, float* rstd) {
  const long half = headDim / 2, rotated = heads + kvHeads, stride = (heads + 2 * kvHeads) * headDim;
  parallelForRange(tokens, 0.7 * tokens * stride, [&](long first, long last) {
    std::vector<float> line(headDim);
    for (long token = first; token < last; token++) {
      const float* cosine = cosines + positions[token] * half;
      const float* sine = sines + positions[token] * half;
      for (long head = 0; head < rotated; head++) {
        const float* from = qkv + token * stride + head * headDim;
        const float* weight = head < heads ? queryWeight : keyWeight;
        if (weight != nullptr) {
          const float r = 1.0f / std::sqrt(dot(from, from, headDim) / static_cast<float>(headDim) + epsilon);
          rstd[token * rotated + head] = r;
          for (long i = 0; i < headDim; i++) line[i] = from[i] * r * weight[i];
          from = line.data();
        }
        rotatePair(from, half, cosine, sine, out + token * stride + head * headDim);
      }
      const long values = token * stride + rotated * headDim;
      std::copy_n(qkv + values, kvHeads * headDim, out + values);
    }
  });
}

void rotaryBackward(
    const float* qkv, const float* queryWeight, const float* keyWeight, const float* cosines, const float* sines, const int32_t* positions,
    const float* rstd, const float* dout, long tokens, long heads, long kvHeads, long headDim, float* dqkv, float* dqueryWeight,
    float* dkeyWeight) {
  const long half = headDim / 2, rotated = heads + kvHeads, stride = (heads + 2 * kvHeads) * headDim;
  const bool normed = queryWeight != nullptr;
  const std::vector<double> total = sumOverRows(tokens, normed ? 2 * headDim : 0, 0.7 * tokens * stride, [&](long token, double* sums) {
    const float* cosine = cosines + positions[token] * half;
    const float* sine = sines + positions[token] * half;
    std::vector<float> line(normed ? headDim : 0);
    for (long head = 0; head < rotated; head++) {
      const long at = token * stride + head * headDim;
      rotatePairBack(dout + at, half, cosine, sine, normed ? line.data() : dqkv + at);
      if (!normed) continue;
      const bool isQuery = head < heads;
      const float r = rstd[token * rotated + head];
      normBackward(qkv + at, isQuery ? queryWeight : keyWeight, r, line.data(), headDim, dqkv + at, sums + (isQuery ? 0 : headDim));
    }
    const long values = token * stride + rotated * headDim;
    std::copy_n(dout + values, kvHeads * headDim, dqkv + values);
  });
  if (!normed) return;
  std::copy_n(total.begin(), headDim, dqueryWeight);
  std::copy_n(total.begin() + headDim, headDim, dkeyWeight);
}

void swigluForward(const float* gateUp, long rows, long width, float* out) {
  parallelForRange(rows, 1.2 * rows * width, [&](long first, long last) {
    for (long row = first; row < last; row++) {
      const float *gate = gateUp + 2 * row * width, *up = gate + width;
      float* to = out + row * width;
      long i = 0;
      for (; i + LANES <= width; i += LANES) {
        const Floats g = load(gate + i);
        store(to + i, g / (splat(1) + exponential(-g)) * load(up + i));
      }
      for (; i < width; i++) to[i] = gate[i] / (1.0f + exponential(-gate[i])) * up[i];
    }
  });
}

void swigluBackward(const float* gateUp, const float* dout, long rows, long width, float* dgateUp) {
  parallelForRange(rows, 2.0 * rows * width, [&](long first, long last) {
    for (long row = first; row < last; row++) {
      const float *gate = gateUp + 2 * row * width, *up = gate + width, *d = dout + row * width;
      float *dgate = dgateUp + 2 * row * width, *dup = dgate + width;
      const auto eight = [&](Floats g, Floats u, Floats dy, Floats& dg, Floats& du) {
        const Floats sigmoid = splat(1) / (splat(1) + exponential(-g));
        const Floats silu = g * sigmoid;
        du = dy * silu;
        dg = dy * u * (sigmoid * (splat(1) + (g - silu)));
      };
      long i = 0;
      Floats dg, du;
      for (; i + LANES <= width; i += LANES) {
        eight(load(gate + i), load(up + i), load(d + i), dg, du);
        store(dgate + i, dg);
        store(dup + i, du);
      }
      for (; i < width; i++) {
        eight(splat(gate[i]), splat(up[i]), splat(d[i]), dg, du);
        dgate[i] = dg[0];
        dup[i] = du[0];
      }
    }
  });
}

void clear(float* x, long n) {
  parallelForRange(n, 0.4 * n, [&](long first, long last) { std::fill(x + first, x + last, 0.0f); });
}

void gatherRows(const float* table, const int32_t* ids, long rows, long width, float* out) {
  for (long row = 0; row < rows; row++) std::copy_n(table + ids[row] * width, width, out + row * width);
}

void scatterAddRows(const float* from, const int32_t* ids, long rows, long width, float* table) {
  for (long row = 0; row < rows; row++) accumulate(table + ids[row] * width, from + row * width, width);
}

}  // namespace retool
