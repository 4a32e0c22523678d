#pragma once
// Convictions into raw exposures, of which weights.hpp makes weights.

#include <span>
#include <vector>

#include "allocation/settings.hpp"
#include "covariance/matrix.hpp"

namespace regent::allocation {

// Whether a sizing goes by convictions; the others are portfolios of the covariance alone.
bool uses_convictions(Sizing sizing);

// [assets], in any unit. rows: equally weighted observations behind the covariance. Without settings.hedges
// one that stands against its conviction is 0. Throws InputError as check_covariance does, and Error where a
// portfolio is not found.
std::vector<double> raw_exposures(const covariance::Matrix& covariance, double rows,
                                  std::span<const double> convictions, const AllocatorSettings& settings);

}  // namespace regent::allocation
