// One token drawn from the most likely ones alone: top-k, top-p and min-p.
#include <algorithm>
#include <functional>

#include "weights.h"

namespace retool {
namespace {

/** Parts of the range of logits into which candidates are put before they are sorted. */
constexpr long BUCKETS = 1024;

/** A weight that at least `most` ids reach: of the largest ones of the blocks, the one that comes so far down; 0 where there are too few. */
template <typename Weight>
double weightOfMost(const Row<Weight>& row, long most) {
  std::vector<Weight> heaviest;
  for (long start = 0; start < row.allowed; start += BLOCK) {
    heaviest.push_back(*std::max_element(row.weights + start, row.weights + std::min(start + BLOCK, row.allowed)));
  }
  if (most > static_cast<long>(heaviest.size())) return 0;
  std::nth_element(heaviest.begin(), heaviest.begin() + most - 1, heaviest.end(), std::greater<Weight>());
  return heaviest[most - 1];
}

/** The ids whose weight reaches the floor, rising. */
template <typename Weight>
std::vector<int32_t> collect(const Row<Weight>& row, Weight floor) {
  std::vector<int32_t> candidates(row.allowed);
  long count = 0;
  for (long start = 0; start < row.allowed; start += BLOCK) {
    if (row.blockSums[start / BLOCK] < floor) continue;
    const long end = std::min(start + BLOCK, row.allowed);
    for (long id = start; id < end; id++) {
      candidates[count] = id;
      count += row.weights[id] >= floor;
    }
  }
  candidates.resize(count);
  return candidates;
}

/** Candidates by falling logit, sorted piece by piece as they are asked for. */
class Order {
 public:
  Order(const float* logits, float best, const std::vector<int32_t>& candidates) : logits_(logits), sorted_(candidates.size()) {
    float least = best;
    for (const int32_t id : candidates) least = std::min(least, logits[id]);
    const float scale = best > least && best - least < INFINITY ? (BUCKETS - 1) / (best - least) : 0;
    std::vector<int16_t> buckets(candidates.size());
    ends_.resize(BUCKETS + 1);
    for (size_t i = 0; i < candidates.size(); i++) {
      const float place = (best - logits[candidates[i]]) * scale;
      buckets[i] = place >= BUCKETS - 1 ? BUCKETS - 1 : place > 0 ? static_cast<int16_t>(place) : 0;
      ends_[buckets[i] + 1]++;
    }
    for (long bucket = 0; bucket < BUCKETS; bucket++) ends_[bucket + 1] += ends_[bucket];
    for (size_t i = 0; i < candidates.size(); i++) sorted_[ends_[buckets[i]]++] = candidates[i];
  }

  int32_t operator[](long place) {
    while (place >= known_) sortNext();
    return sorted_[place];
  }

 private:
  void sortNext() {
    const long end = ends_[bucket_++];
    const auto before = [&](int32_t a, int32_t b) { return logits_[a] > logits_[b] || (logits_[a] == logits_[b] && a < b); };
    std::sort(sorted_.begin() + known_, sorted_.begin() + end, before);
    known_ = end;
  }

  const float* logits_;
  std::vector<int32_t> sorted_;
  /** Where each bucket ends. */
  std::vector<long> ends_;
  long bucket_ = 0, known_ = 0;
};

}  // namespace

template <typename Weight>
long drawFromMostLikely(const Row<Weight>& row, const Draw& draw) {
  const bool isCut = draw.topK > 0;
  // Together, ids below this have less than what top-p leaves out; or min-p leaves none of them.
  const double floor =
      isCut ? weightOfMost(row, draw.topK) : std::max((1 - draw.topP) * row.total / row.allowed, std::exp(draw.logMinP));
  const auto candidates = collect(row, static_cast<Weight>(std::max(floor * (1 - 1e-5), 1e-38)));
  if (candidates.empty()) return row.margin > 0 ? UNSURE : 0;
  Order order(row.logits, row.best, candidates);

  const long kept = isCut ? std::min<long>(draw.topK, candidates.size()) : candidates.size();
  double left = row.total;
  if (isCut) {
    left = 0;
    for (long i = 0; i < kept; i++) left += row.weights[order[i]];
  }
  const double enough = draw.topP < 1 ? draw.topP * left : INFINITY;
  const auto isLikely = [&](int32_t id) { return (static_cast<double>(row.logits[id]) - row.best) * draw.inverse >= draw.logMinP; };
  double mass = 0;
  long nucleus = 0;
  while (nucleus < kept && (nucleus == 0 || mass < enough)) {
    if (nucleus > 0 && !isLikely(order[nucleus])) break;
    if (nucleus > 0 && enough - mass < row.margin) return UNSURE;
    mass += row.weights[order[nucleus++]];
  }
  if (mass >= enough && mass < enough + row.margin) return UNSURE;

  double rest = draw.uniform * mass;
  long last = order[0];
  for (long i = 0; i < nucleus; i++) {
    const double weight = row.weights[order[i]];
    if (weight == 0) continue;
    last = order[i];
    if (rest < weight) return isUnsure(rest, weight, row.margin, i == 0) ? UNSURE : last;
    rest -= weight;
  }
  return row.margin > 0 ? UNSURE : last;  // rounding left a crumb of the last token's share
}

template long drawFromMostLikely<float>(const Row<float>&, const Draw&);
template long drawFromMostLikely<double>(const Row<double>&, const Draw&);

}  // namespace retool
