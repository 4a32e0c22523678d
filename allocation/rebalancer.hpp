#pragma once
// A portfolio that is decided anew from time to time: remembers the weights that it gave last, which the next
// ones move from, and how much they risked beside what was predicted.

#include "allocation/allocate.hpp"
#include "allocation/budget.hpp"

namespace regent::allocation {

class Rebalancer {
 public:
  Rebalancer(const AllocatorSettings& settings, std::size_t symbols);
  // [symbols], NaN: missing. Every bar: what the last weights earned from close to close tells the
  // calibration.
  void update(std::span<const double> closes);
  // exposures by the settings; multiplier of the budget in [0, 1]. Throws InputError as weights_of does.
  Weights decide(const Exposures& exposures, double multiplier);
  Weights decide(const KnownRisk& risk, std::span<const double> convictions, double multiplier) {
    return decide(exposures_of(risk, convictions, settings_), multiplier);
  }
  const AllocatorSettings& settings() const { return settings_; }

 private:
  AllocatorSettings settings_;
  Calibration calibration_;
  std::vector<double> last_closes_, last_weights_;  // the weights empty before the first
  double last_volatility_ = 0;                      // annual, predicted of them
};

}  // namespace regent::allocation
