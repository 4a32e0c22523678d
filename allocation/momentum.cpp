#include "allocation/momentum.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace regent::allocation {

std::vector<double> momentum_convictions(const market::Panel& panel, std::size_t bar) {
  REGENT_INVARIANT(bar >= momentum_bars, "momentum needs a year of bars");
  const auto late = panel.bar(bar - momentum_gap_bars)[market::Column::close];
  const auto early = panel.bar(bar - momentum_bars)[market::Column::close];
  std::vector<double> scores(panel.symbol_count());
  double sum = 0, squares = 0, count = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = std::log(late[i] / early[i]);
    if (std::isnan(scores[i])) continue;
    sum += scores[i];
    squares += scores[i] * scores[i];
    ++count;
  }
  const double mean = sum / count, deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
  for (double& score : scores) {
    if (std::isnan(score)) continue;
    score = deviation > 0 ? std::clamp((score - mean) / deviation / 2, -1.0, 1.0) : 0.0;
  }
  return scores;
}

}  // namespace regent::allocation
