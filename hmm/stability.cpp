#include "hmm/stability.hpp"

#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "hmm/summary.hpp"

namespace regent::hmm {
namespace {

// Adds the model's labels that are not there yet; [regimes] where each one stands.
std::vector<std::size_t> add_labels(const Model& model, std::vector<std::string>& labels) {
  std::vector<std::size_t> places;
  for (int regime = 0; regime < regimes_of(model); ++regime) {
    const std::string label = label_of_regime(model, regime);
    const auto found = std::ranges::find(labels, label);
    places.push_back(static_cast<std::size_t>(found - labels.begin()));
    if (found == labels.end()) labels.push_back(label);
  }
  return places;
}

}  // namespace

std::int64_t Stability::all() const {
  return std::accumulate(bars.begin(), bars.end(), impossible);
}

std::int64_t Stability::changed() const {
  std::int64_t same = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) same += bars[i * labels.size() + i];
  return all() - same;
}

Stability stability(const Model& before, std::span<const int> path_before, const Model& after,
                    std::span<const int> path_after) {
  if (path_before.size() != path_after.size() || path_before.empty()) {
    throw InputError("regime stability: paths of " + std::to_string(path_before.size()) + " and " +
                     std::to_string(path_after.size()) + " bars; both must be of the same bars, one or more");
  }
  Stability result;
  const auto from = add_labels(before, result.labels), to = add_labels(after, result.labels);
  const std::size_t size = result.labels.size();
  result.bars.assign(size * size, 0);
  for (std::size_t bar = 0; bar < path_before.size(); ++bar) {
    if (path_before[bar] < 0 || path_after[bar] < 0) {
      ++result.impossible;
    } else {
      ++result.bars[from[regime_of_state(before, path_before[bar])] * size +
                    to[regime_of_state(after, path_after[bar])]];
    }
  }
  return result;
}

}  // namespace regent::hmm
