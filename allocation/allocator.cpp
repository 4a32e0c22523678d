#include "allocation/allocator.hpp"

#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace regent::allocation {

Allocator::Allocator(const AllocatorSettings& settings, std::size_t symbols)
    : risk_(symbols, settings), rebalancer_(settings, symbols) {}

void Allocator::update(std::span<const double> closes) {
  risk_.update(closes);
  rebalancer_.update(closes);
}

bool Allocator::warm() const {
  return risk_.warm();
}

bool Allocator::has_covariance(std::size_t symbol) const {
  return risk_.has_covariance(symbol);
}

double Allocator::volatility(std::size_t symbol) const {
  return risk_.has_covariance(symbol) ? std::sqrt(risk_.variance(symbol) * settings().periods_per_year)
                                      : std::numeric_limits<double>::quiet_NaN();
}

Weights Allocator::allocate(std::span<const double> convictions, double multiplier) {
  for (const double conviction : convictions) {
    REGENT_INVARIANT(std::abs(conviction) <= 1.0, "a conviction must lie in [-1, 1] and not be NaN");
  }
  return rebalancer_.decide(risk_.known(settings()), convictions, multiplier);
}

}  // namespace regent::allocation
