// Vectors of eight floats in the compiler's own vector types, so that one source serves every processor.
#pragma once

#include <cstdint>
#include <cstring>

namespace retool {

typedef float Floats __attribute__((vector_size(32)));
typedef int32_t Ints __attribute__((vector_size(32)));
constexpr long LANES = 8;

inline Floats splat(float x) { return Floats{x, x, x, x, x, x, x, x}; }

inline Floats load(const float* from) {
  Floats x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

inline void store(float* to, Floats x) { std::memcpy(to, &x, sizeof x); }

inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }

/** Entry i of the result is entry I of a and b, one after the other. */
template <int... I>
inline Floats shuffled(Floats a, Floats b) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, I...);
#else
  return __builtin_shuffle(a, b, Ints{I...});
#endif
}

inline float sumOf(Floats x) { return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7])); }

inline float largestOf(Floats x) {
  float best = x[0];
  for (int i = 1; i < LANES; i++) best = best < x[i] ? x[i] : best;
  return best;
}

/**
 * exp of eight floats: range reduction by ln 2 in two parts and Taylor's polynomial of degree 6 on [-ln2/2, ln2/2], whose truncation
 * error is below 2e-7. Inputs are clamped to [-87, 88].
 */
inline Floats exponential(Floats x) {
  x = x > splat(-87.0f) ? x : splat(-87.0f);
  x = x < splat(88.0f) ? x : splat(88.0f);
  const Floats shift = splat(12582912.0f);  // 1.5·2²³: adding it rounds to an integer
  const Floats n = (x * splat(1.4426950408889634f) + shift) - shift;
  const Floats r = (x - n * splat(0.693359375f)) - n * splat(-2.12194440e-4f);
  Floats p = splat(1.3888888888888889e-3f);
  p = p * r + splat(8.333333333333333e-3f);
  p = p * r + splat(4.1666666666666664e-2f);
  p = p * r + splat(0.16666666666666666f);
  p = p * r + splat(0.5f);
  p = p * r + splat(1.0f);
  p = p * r + splat(1.0f);
  const Ints exponent = (__builtin_convertvector(n, Ints) + 127) << 23;
  Floats power;
  std::memcpy(&power, &exponent, sizeof power);
  return p * power;
}

inline float exponential(float x) { return exponential(splat(x))[0]; }

inline float dot(const float* a, const float* b, long n) {
  Floats sum0 = splat(0), sum1 = splat(0);
  long i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    sum0 += load(a + i) * load(b + i);
    sum1 += load(a + i + LANES) * load(b + i + LANES);
  }
  float sum = sumOf(sum0 + sum1);
  for (; i < n; i++) sum += a[i] * b[i];
  return sum;
}

inline float largest(const float* x, long n) {
  float best = x[0];
  long i = 0;
  if (n >= LANES) {
    Floats bests = load(x);
    for (i = LANES; i + LANES <= n; i += LANES) bests = larger(bests, load(x + i));
    best = largestOf(bests);
  }
  for (; i < n; i++) best = best < x[i] ? x[i] : best;
  return best;
}

inline void scale(float* x, long n, float factor) {
  for (long i = 0; i < n; i++) x[i] *= factor;
}

/** x becomes exp(x − top); returns the sum. */
inline float exponentials(float* x, long n, float top) {
  Floats sums = splat(0);
  long i = 0;
  for (; i + LANES <= n; i += LANES) {
    const Floats e = exponential(load(x + i) - splat(top));
    store(x + i, e);
    sums += e;
  }
  float sum = sumOf(sums);
  for (; i < n; i++) sum += x[i] = exponential(x[i] - top);
  return sum;
}

}  // namespace retool
