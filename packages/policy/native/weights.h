// Weights of tokens, in single or in double precision, and how an id is drawn from the most likely ones.
#pragma once

#include <cmath>
#include <vector>

#include "simd.h"

namespace retool {

/** Weights that are summed together. */
constexpr long BLOCK = 256;
/** More than the rounding of weights in single precision can change a running sum of them, as a share of all. */
constexpr double MARGIN = 2e-6;
/** Single precision cannot tell which token it is. */
constexpr long UNSURE = -1;

/** Random number and limits of one draw. */
struct Draw {
  double topP;
  /** 0 where all are kept. */
  long topK;
  double uniform;
  /** 1 / temperature. */
  double inverse;
  /** Logarithm of the least weight that min-p keeps, as a share of the largest one. */
  double logMinP;
};

/** What is known of a row before a token is drawn. */
template <typename Weight>
struct Row {
  const float* logits;
  const Weight* weights;
  const double* blockSums;
  long allowed;
  /** The largest logit that may be drawn. */
  float best;
  double total;
  /** Uncertainty of running sums. */
  double margin;
};

/** Whether a running sum is too close to either edge of a token's share to be sure of it. */
inline bool isUnsure(double rest, double weight, double margin, bool isFirst) {
  return margin > 0 && (weight - rest <= margin || (rest <= margin && !isFirst));
}

/**
 * An id drawn from those that top-k, then top-p and then min-p leave, by falling weight, of equal logits the smaller id first. Only ids that can be
 * among them are looked at, and only as many of these sorted as it takes.
 */
template <typename Weight>
long drawFromMostLikely(const Row<Weight>& row, const Draw& draw);

extern template long drawFromMostLikely<float>(const Row<float>&, const Draw&);
extern template long drawFromMostLikely<double>(const Row<double>&, const Draw&);

}  // namespace retool
