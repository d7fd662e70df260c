// Tokens drawn from logits by inverting the cumulative distribution.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels.h"
#include "simd.h"
#include "threads.h"

namespace retool {
namespace {

/** Floats that are summed in single precision before they are added in double. */
constexpr long BLOCK = 256;
/** Tokens this far below the most likely one are impossible. */
constexpr float FURTHEST = -85.0f;

/** x becomes exp(x − top), 0 where that is too small; returns the sum. */
float weigh(float* x, long n, float top) {
  float sum = 0;
  Floats sums = splat(0);
  const auto weight = [&](Floats logit) {
    const Floats below = logit - splat(top);
    return below > splat(FURTHEST) ? exponential(below) : splat(0);
  };
  long i = 0;
  for (; i + LANES <= n; i += LANES) {
    const Floats weights = weight(load(x + i));
    store(x + i, weights);
    sums += weights;
  }
  for (; i < n; i++) sum += x[i] = weight(splat(x[i]))[0];
  return sum + sumOf(sums);
}

/** The id at which the running sum of the weights passes `rest`; the last possible one of a block where rounding left a crumb of it. */
long invert(const std::vector<float>& weights, const std::vector<float>& blockSums, double rest) {
  size_t lastBlock = blockSums.size() - 1;
  while (lastBlock > 0 && blockSums[lastBlock] == 0) lastBlock--;
  size_t block = 0;
  while (block < lastBlock && rest >= blockSums[block]) rest -= blockSums[block++];
  long chosen = block * BLOCK;
  for (long id = chosen; rest >= 0 && id < std::min<long>((block + 1) * BLOCK, weights.size()); id++) {
    if (weights[id] == 0) continue;
    chosen = id;
    rest -= weights[id];
  }
  return chosen;
}

}  // namespace

void sampleRows(const float* logits, long rows, long vocab, long allowed, const int32_t* unused, long unusedCount, double* draws) {
  unusedCount = std::lower_bound(unused, unused + unusedCount, allowed) - unused;
  parallelForRange(rows, 1.5 * rows * vocab, [&](long firstRow, long lastRow) {
    std::vector<float> weights(allowed), blockSums((allowed + BLOCK - 1) / BLOCK), padding(vocab - allowed);
    for (long row = firstRow; row < lastRow; row++) {
      const float* line = logits + row * vocab;
      double* draw = draws + 2 * row;
      const float inverseTemperature = draw[0];
      for (long id = 0; id < allowed; id++) weights[id] = line[id] * inverseTemperature;
      for (long i = 0; i < unusedCount; i++) weights[unused[i]] = -INFINITY;
      const float top = largest(weights.data(), allowed);

      double total = 0, others = 0;
      for (size_t block = 0; block < blockSums.size(); block++) {
        const long first = block * BLOCK;
        total += blockSums[block] = weigh(weights.data() + first, std::min(BLOCK, allowed - first), top);
      }
      for (long i = 0; i < unusedCount; i++) others += exponential(line[unused[i]] * inverseTemperature - top);
      for (long i = allowed; i < vocab; i++) padding[i - allowed] = line[i] * inverseTemperature;
      others += weigh(padding.data(), vocab - allowed, top);

      const long id = invert(weights, blockSums, draw[1] * total);
      draw[0] = id;
      draw[1] = line[id] * static_cast<double>(inverseTemperature) - top - std::log(total + others);
    }
  });
}

}  // namespace retool
