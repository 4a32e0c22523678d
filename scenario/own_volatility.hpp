#pragma once
// How the variances of the assets' own shocks move, each for itself.

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/scenario/scenario.hpp"
#include "scenario/returns.hpp"

namespace regent::scenario {

// What the bars show of an asset's own shocks under a law: (√u·shown·ε + √(1 − shown²)·g), ε the own shock, g
// normal, what is left of the factors. Best linear estimates with u = v = 1 of √u·ε, at unit variance.
struct OwnShocks {
  std::size_t bars = 0;
  std::vector<double> values;         // [assets, bars]
  std::vector<double> shown;          // [assets], 0: the law leaves nothing to the asset
  std::vector<std::uint8_t> of_jump;  // [bars], 1 where the market jumped
  std::span<const double> of(std::size_t asset) const {
    return std::span(values).subspan(asset * bars, bars);
  }
};

// weights: [bars, regimes], how much a bar belongs to each regime.
OwnShocks own_shocks(const Returns& returns, const std::vector<std::uint8_t>& of_market,
                     const std::vector<double>& weights, const cuda::scenario::Law& law);

// Own variances at each bar from the bars before it alone, and at the one to come. The normal behind a shock
// of `dof` degrees of freedom is Wallace's (1959), (8·dof + 1)/(8·dof + 3)·√(dof·ln(1 + t²/dof)); of what
// shows it only in part its mean size is taken. Bars of jumps count towards u as at most three deviations,
// and not towards the likelihood.
struct OwnFiltered {
  double log_likelihood = 0;
  std::vector<double> variance;  // [bars + 1]
};
OwnFiltered filter_own(std::span<const double> shocks, double shown, const std::vector<std::uint8_t>& of_jump,
                       const cuda::scenario::OwnVolatility& volatility, double dof);

// Maximum likelihood of one persistence, response and number of degrees of freedom for all assets (at most 32
// of them, evenly chosen, are looked at). Three laws compete: u moves by itself, u = 1 and u = v (variance,
// [bars] of the market's GARCH); the first has to be worth Akaike's two more, and not to be apart wins a tie.
struct OwnVolatilityFit {
  cuda::scenario::OwnVolatility volatility;
  double dof = 0;  // of what is seen, as wide as its tails: those of own_dof() are each asset's own
  double log_likelihood = 0, constant_log_likelihood = 0, market_log_likelihood = 0;
};
OwnVolatilityFit fit_own_volatility(const OwnShocks& shocks, const std::vector<double>& variance);

}  // namespace regent::scenario
