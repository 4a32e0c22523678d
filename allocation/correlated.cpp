#include "allocation/correlated.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace regent::allocation {

std::vector<double> kept_of_correlated(const covariance::Matrix& correlation,
                                       std::span<const double> exposures, double from) {
  REGENT_INVARIANT(exposures.size() == correlation.size && from > 0 && from <= 1,
                   "one exposure per asset, and a correlation to cut from");
  std::vector<double> kept(exposures.size(), 1.0);
  if (from == 1) return kept;
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    double most = 0;
    for (std::size_t j = 0; j < exposures.size(); ++j) {
      const double side = (exposures[i] > 0) == (exposures[j] > 0) ? 1 : -1;
      const double together = side * correlation(i, j);
      if (j == i || exposures[i] == 0 || !(together > from)) continue;
      const double excess = std::min((together - from) / (1 - from), 1.0);
      most = std::max(most, excess * std::min(1.0, std::abs(exposures[j] / exposures[i])));
    }
    kept[i] = 1 - most / 2;
  }
  return kept;
}

}  // namespace regent::allocation
