// Log-probabilities and entropies of logits.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels.h"
#include "simd.h"
#include "threads.h"

namespace retool {

/** Sums over a vocabulary are made in blocks of so many floats, and of blocks in double precision: one long sum of floats loses digits. */
constexpr long BLOCK = 1024;

void logProbsForward(
    const float* logits, const int32_t* targets, long rows, long vocab, float inverseTemperature, float* logProbs, float* logSumExp,
    float* entropy) {
  parallelForRange(rows, 1.2 * rows * vocab, [&](long first, long last) {
    std::vector<float> scaled(vocab);
    for (long row = first; row < last; row++) {
      const float* line = logits + row * vocab;
      for (long i = 0; i < vocab; i++) scaled[i] = line[i] * inverseTemperature;
      const float top = largest(scaled.data(), vocab);
      double total = 0, product = 0;
      for (long start = 0; start < vocab; start += BLOCK) {
        const long count = std::min(BLOCK, vocab - start);
        total += exponentials(scaled.data() + start, count, top);
        product += dot(scaled.data() + start, line + start, count);
      }
      const float sum = static_cast<float>(total);
      const float lse = top + static_cast<float>(std::log(static_cast<double>(sum)));
      logProbs[row] = line[targets[row]] * inverseTemperature - lse;
      logSumExp[row] = lse;
      entropy[row] = lse - static_cast<float>(product) / sum * inverseTemperature;
    }
  });
}

void logProbsBackward(
    const float* logits, const int32_t* targets, const float* logSumExp, const float* entropy, const float* dlogProbs,
    const float* dentropy, long rows, long vocab, float inverseTemperature, float* dlogits) {
  parallelForRange(rows, 1.2 * rows * vocab, [&](long first, long last) {
    for (long row = first; row < last; row++) {
      const float* line = logits + row * vocab;
      float* to = dlogits + row * vocab;
      const float dp = dlogProbs[row], dh = dentropy[row];
      const auto eight = [&](Floats logit) {
        const Floats logProb = logit * splat(inverseTemperature) - splat(logSumExp[row]);
        const Floats slope = splat(-dp) - splat(dh) * (logProb + splat(entropy[row]));
        return exponential(logProb) * slope * splat(inverseTemperature);
      };
      long i = 0;
      for (; i + LANES <= vocab; i += LANES) store(to + i, eight(load(line + i)));
      for (; i < vocab; i++) to[i] = eight(splat(line[i]))[0];
      to[targets[row]] += dp * inverseTemperature;
    }
  });
}

}  // namespace retool
