#include "allocation/rebalancer.hpp"

#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace regent::allocation {

Rebalancer::Rebalancer(const AllocatorSettings& settings, std::size_t symbols)
    : settings_(settings),
      calibration_(settings.calibration_half_life_bars),
      last_closes_(symbols, std::numeric_limits<double>::quiet_NaN()) {
  check_settings(settings);
}

void Rebalancer::update(std::span<const double> closes) {
  REGENT_INVARIANT(closes.size() == last_closes_.size(), "one close per symbol");
  double earned = 0;
  for (std::size_t i = 0; i < closes.size(); ++i) {
    if (std::isnan(closes[i])) continue;
    const bool held = !last_weights_.empty() && last_weights_[i] != 0 && !std::isnan(last_closes_[i]);
    if (held) earned += last_weights_[i] * (closes[i] / last_closes_[i] - 1);
    last_closes_[i] = closes[i];
  }
  calibration_.update(earned, last_volatility_ / std::sqrt(settings_.periods_per_year));
}

Weights Rebalancer::decide(const Exposures& exposures, double multiplier) {
  Weights weights = allocate(exposures, last_weights_, multiplier * calibration_.multiplier(), settings_);
  last_weights_ = weights.weights;
  last_volatility_ = weights.predicted_volatility;
  return weights;
}

}  // namespace regent::allocation
