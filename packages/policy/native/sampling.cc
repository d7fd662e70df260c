// Tokens drawn from logits. Weights are made in single precision at first; a row whose random number falls so close to the edge of a token's
// share that their rounding could decide is drawn once more from weights in double precision.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels.h"
#include "simd.h"
#include "threads.h"
#include "weights.h"

namespace retool {
namespace {

/** Doubles of a draw. */
constexpr long DRAW = 5;

/** Ids that may be drawn: below `allowed`, and not among the rising unused ones. */
struct Usable {
  long vocab, allowed;
  const int32_t* unused;
  long unusedCount;

  template <typename Use>
  void eachRun(Use use) const {
    long from = 0;
    for (long place = 0; place <= unusedCount && from < allowed; place++) {
      const long to = place < unusedCount ? std::min<long>(unused[place], allowed) : allowed;
      if (to > from) use(from, to);
      from = to + 1;
    }
  }
};

/** Weights exp((logit − best) / temperature) of a block. */
void weigh(const float* logits, long n, float best, double inverse, float* weights) {
  const Floats top = splat(best), scale = splat(static_cast<float>(inverse));
  long i = 0;
  for (; i + LANES <= n; i += LANES) store(weights + i, exponential((load(logits + i) - top) * scale));
  for (; i < n; i++) weights[i] = exponential((logits[i] - best) * static_cast<float>(inverse));
}

void weigh(const float* logits, long n, float best, double inverse, double* weights) {
  for (long i = 0; i < n; i++) weights[i] = std::exp((static_cast<double>(logits[i]) - best) * inverse);
}

template <typename Weight>
double sumOfWeights(const Weight* weights, long n) {
  double sums[8] = {};
  long i = 0;
  for (; i + 8 <= n; i += 8)
    for (long lane = 0; lane < 8; lane++) sums[lane] += weights[i + lane];
  for (; i < n; i++) sums[0] += weights[i];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

/** The id at which the running sum of the weights passes `rest`. */
template <typename Weight>
long invert(const Row<Weight>& row, double rest) {
  const bool isFirst = rest <= 0;
  long lastBlock = (row.allowed - 1) / BLOCK;
  while (lastBlock > 0 && row.blockSums[lastBlock] == 0) lastBlock--;
  long block = 0;
  while (block < lastBlock && rest >= row.blockSums[block]) rest -= row.blockSums[block++];
  long last = block * BLOCK;
  for (long id = last; id < std::min((block + 1) * BLOCK, row.allowed); id++) {
    const double weight = row.weights[id];
    if (weight == 0) continue;
    last = id;
    if (rest < weight) return isUnsure(rest, weight, row.margin, isFirst) ? UNSURE : id;
    rest -= weight;
  }
  return row.margin > 0 ? UNSURE : last;  // rounding left a crumb of the last token's share
}

/** The first id that may be drawn and has this logit, or 0. */
long firstEqual(const float* logits, float best, const Usable& usable) {
  long found = -1;
  usable.eachRun([&](long from, long to) {
    while (found < 0 && from < to) {
      const long end = std::min(from + BLOCK, to);
      bool isHere = false;
      for (long id = from; id < end; id++) isHere |= logits[id] == best;
      if (isHere) found = std::find(logits + from, logits + end, best) - logits;
      from = end;
    }
  });
  return std::max(found, 0l);
}

/** False where single precision cannot tell which token it is; the draw is then unchanged. */
template <typename Weight>
bool drawRow(const float* logits, const Usable& usable, double* draw, std::vector<Weight>& weights, std::vector<double>& blockSums) {
  const bool isGreedy = draw[0] == 0, isExact = sizeof(Weight) == sizeof(double);
  const double inverse = isGreedy ? 1 : draw[0];
  weights.resize(usable.vocab);
  blockSums.resize((usable.vocab + BLOCK - 1) / BLOCK);
  float best = -INFINITY;
  usable.eachRun([&](long from, long to) { best = std::max(best, largest(logits + from, to - from)); });

  double total = 0, others = 0;  // ids that are not drawn count in the normaliser
  const auto take = [&](long id) {
    others += weights[id];
    weights[id] = 0;
  };
  long place = 0;
  for (long start = 0; start < usable.vocab; start += BLOCK) {
    const long end = std::min(start + BLOCK, usable.vocab);
    weigh(logits + start, end - start, best, inverse, weights.data() + start);
    for (; place < usable.unusedCount && usable.unused[place] < std::min(end, usable.allowed); place++) take(usable.unused[place]);
    for (long id = std::max(start, usable.allowed); id < end; id++) take(id);
    total += blockSums[start / BLOCK] = sumOfWeights(weights.data() + start, end - start);
  }

  const Row<Weight> row{logits, weights.data(), blockSums.data(), usable.allowed, best, total, isExact ? 0 : total * MARGIN};
  const long topK = draw[2] > 0 && draw[2] < usable.allowed ? static_cast<long>(draw[2]) : 0;
  long chosen = 0;  // where no number is among the logits
  if (isGreedy) chosen = firstEqual(logits, best, usable);
  else if (!(total > 0 && total < INFINITY)) chosen = 0;
  else if (draw[1] >= 1 && topK == 0 && draw[4] == -INFINITY) chosen = invert(row, draw[3] * total);
  else chosen = drawFromMostLikely(row, Draw{draw[1], topK, draw[3], inverse, draw[4]});
  if (chosen == UNSURE) return false;
  draw[0] = chosen;
  draw[1] = (static_cast<double>(logits[chosen]) - best) * inverse;
  draw[2] = total + others;
  return true;
}

}  // namespace

void sampleRows(const float* logits, long rows, long vocab, long allowed, const int32_t* unused, long unusedCount, double* draws) {
  const Usable usable{vocab, allowed, unused, unusedCount};
  parallelForRange(rows, 1.5 * rows * vocab, [&](long firstRow, long lastRow) {
    std::vector<float> weights;
    std::vector<double> exactWeights, blockSums;
    for (long row = firstRow; row < lastRow; row++) {
      const float* line = logits + row * vocab;
      double* draw = draws + DRAW * row;
      if (!drawRow(line, usable, draw, weights, blockSums)) drawRow(line, usable, draw, exactWeights, blockSums);
    }
  });
}

}  // namespace retool
