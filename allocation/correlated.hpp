#pragma once
// Positions that are one bet: how much of each is kept.
//   kept_i = 1 − ½ max_j u(s_i s_j ρ_ij) min(1, |x_j| / |x_i|),   u(ρ) = (ρ − from) / (1 − from) in [0, 1]
// over all other positions j; x is a position in units of its own risk (|w_i| σ_i), s its side. Two positions
// are on one side where s_i s_j ρ_ij > 0: two longs that rise together, or a long and a short that move
// against each other. Nothing is cut up to `from`; two copies of one asset together keep the risk of the
// larger of them. Continuous in every correlation and position, and no cut shrinks as a correlation grows.

#include <vector>

#include "covariance/matrix.hpp"

namespace regent::allocation {

// [assets] in [½, 1]. exposures [assets]; from in (0, 1], 1: nothing is cut.
std::vector<double> kept_of_correlated(const covariance::Matrix& correlation,
                                       std::span<const double> exposures, double from);

}  // namespace regent::allocation
