#pragma once
// How heavy the tails of the assets' own shocks are.

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/scenario/scenario.hpp"
#include "scenario/own_volatility.hpp"
#include "scenario/returns.hpp"

namespace regent::scenario {

// Degrees of freedom of ε in shocks W·(√(1 − share)·g + √share·ε): g normal, what is shared with others; ε
// Student-t of unit variance; W the tail that all assets share, √((ν − 2)/χ²_ν) with ν = shared_dof (0: 1).
// The best likelihood on a grid from own_dof_min on; 0 (Gaussian) above dof_gaussian (garch.hpp), or where it
// is worth less than Akaike's one, or where share is below 0.02. The shocks are scaled to unit variance
// first. Source of the mixture form: Andrews, Mallows (1974).
inline constexpr double own_dof_min = 3;
double own_dof(std::span<const double> shocks, double share, double shared_dof);

// The same of every asset, [assets], for a law whose moments and tail are there; shocks are what is left
// after the regimes' means and deviations (weights: [bars, regimes]) and the market's variance ([bars], of
// its GARCH) are taken out. Bars at which the market jumped are left out: what a jump explains, no tail has
// to.
std::vector<double> own_dofs(const Returns& returns, const std::vector<std::uint8_t>& of_market,
                             const std::vector<double>& weights, const std::vector<double>& variance,
                             const cuda::scenario::Law& law);

// Of a law whose own shocks have variances of their own: from what is seen of each asset's own shocks, after
// its u is taken out (u: [assets] of [bars + 1]). The share is that where u has its mean.
std::vector<double> own_dofs(const OwnShocks& shocks, const std::vector<std::vector<double>>& u,
                             double shared_dof);

}  // namespace regent::scenario
