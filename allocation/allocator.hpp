#pragma once
// Closes and convictions in, weights out, bar by bar: the running covariance (ewma_risk.hpp) and the way from
// convictions to weights (rebalancer.hpp) as the decider and the trainer's validation use them. With the
// default settings:
//   raw_i = conviction_i / volatility_i;  scale so that sqrt(w' Σ w) = budget;  then caps: |w_i| <=
//   position_max, Σ|w_i| <= gross_max. budget = target_volatility · min(1, sqrt(mean conviction²)) over the
//   symbols that can be held (RiskScale::conviction), or target_volatility whatever the convictions' size
//   (RiskScale::full).

#include "allocation/ewma_risk.hpp"
#include "allocation/rebalancer.hpp"

namespace regent::allocation {

class Allocator {
 public:
  Allocator(const AllocatorSettings& settings, std::size_t symbols);
  // [symbols]; as EwmaRisk::update
  void update(std::span<const double> closes);
  bool warm() const;  // warmup_bars returns were possible and at least one symbol has a covariance
  bool has_covariance(std::size_t symbol) const;
  double volatility(std::size_t symbol) const;  // annual; NaN without a covariance
  const AllocatorSettings& settings() const { return rebalancer_.settings(); }

  // convictions [symbols] in [-1, 1]; NaN counts as a broken invariant, a symbol without covariance gets
  // weight 0 and says why. The weights given last are those that these move from, and that the calibration
  // looks at. multiplier of the budget in [0, 1].
  Weights allocate(std::span<const double> convictions, double multiplier = 1);

 private:
  EwmaRisk risk_;
  Rebalancer rebalancer_;
};

}  // namespace regent::allocation
