#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels.h"
#include "threads.h"

namespace retool {

void adamW(
    const float* parameter, const float* gradient, float* mean, float* variance, float* updated, long n, float gradientScale,
    float learningRate, float beta1, float beta2, float epsilon, float weightDecay, float correction1, float correction2) {
  const float keep = 1.0f - learningRate * weightDecay;
  const float step = learningRate / correction1;
  const float root = 1.0f / std::sqrt(correction2);
  parallelForRange(n, 2.5 * n, [&](long first, long last) {
    for (long i = first; i < last; i++) {
      const float g = gradient[i] * gradientScale;
      const float m = beta1 * mean[i] + (1.0f - beta1) * g;
      const float v = beta2 * variance[i] + (1.0f - beta2) * g * g;
      mean[i] = m;
      variance[i] = v;
      updated[i] = parameter[i] * keep - step * m / (std::sqrt(v) * root + epsilon);
    }
  });
}

double sumOfSquares(const float* x, long n) {
  constexpr long PART = 1 << 16;  // fixed, so that the sum does not depend on the number of threads
  const long parts = (n + PART - 1) / PART;
  std::vector<double> sums(parts);
  parallelFor(parts, 0.5 * n, [&](long part) {
    double lanes[4] = {};
    const long last = std::min((part + 1) * PART, n);
    for (long i = part * PART; i < last; i++) lanes[i & 3] += static_cast<double>(x[i]) * x[i];
    sums[part] = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

void accumulate(float* total, const float* x, long n) {
  parallelForRange(n, 0.8 * n, [&](long first, long last) {
    for (long i = first; i < last; i++) total[i] += x[i];
  });
}

}  // namespace retool
