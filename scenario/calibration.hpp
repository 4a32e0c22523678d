#pragma once
// A law of scenarios from a panel, in one call.

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/scenario/scenario.hpp"
#include "hmm/model.hpp"
#include "market/panel.hpp"
#include "scenario/returns.hpp"

namespace regent::scenario {

struct CalibrationSettings {
  int macros = 3, micros = 3;  // of the hierarchy of regimes; flattened to macros·micros
  int restarts = 4;
  std::uint64_t seed = 1;
  int factors = 20;                     // exact covariances up to so many assets, principal factors beyond
  double jump_threshold = 4;            // local standard deviations
  const hmm::Model* regimes = nullptr;  // taken instead of fitted, with the market state that they observe
};

// What the law was made of, and what goes with it.
struct Calibration {
  std::vector<std::string> symbols;      // [assets]
  std::vector<std::string> labels;       // [regimes], "calm", or "calm 2" of the second micro state
  cuda::scenario::Law law;               // begins in the stationary law
  std::vector<double> now;               // [regimes] law of the regime at the bar after the panel's last
  double now_variance = 1;               // v at that bar
  std::vector<double> now_own_variance;  // [assets] u at that bar; empty where it is v
  TimestampMs from_ms = 0, to_ms = 0;
  std::size_t bars = 0, left_out = 0, jump_bars = 0;
  double bars_per_year = 252;
  double correlation_error = 0;  // largest, of what the factors leave out of a regime's correlations
};

struct CalibratedPanel {
  Calibration calibration;
  std::vector<int> regime;  // [bars of the returns], most probable (smoothed)
};

// Regimes: the hierarchy of hmm/ on the market's return alone: trailing volatilities lag, and would mix a
// regime with what came before it; regimes that are given are taken as they are. Jumps: bars at which a
// quarter of the assets (one at least) moves by more than jump_threshold local standard deviations (EWMA of
// winsorised squares); they set intensity by regime, size, participation and excitation, and are left out of
// all else. Means and covariances: weighted by the smoothed posterior, shrunk towards the panel's by 20 bars,
// and by as many as there are assets, so that a rare regime's matrix has full rank. The first factor is the
// equally weighted market itself, the others the principal components of the rest; variances are exact.
// Drifts are of simple returns: the half variance that log returns lose is drift_of_variance. Volatility
// clustering and tails: GJR-GARCH with Student-t shocks of the market beside its regimes as a filter sees
// them (garch.hpp); for the assets' own shocks variances of their own where these explain more than the
// market's (own_volatility.hpp), and for each a Student-t (own_shocks.hpp). Spreads widen with a
// regime's volatility; liquidity shocks are assumed, not fitted: a probability of 0.002 a bar, five times the
// spread, half gone in five bars. Throws InputError as returns_of and hmm::fit do.
CalibratedPanel calibrate(const market::Panel& panel, const Returns& returns,
                          const CalibrationSettings& settings);

// A covariance [n, n] as factor loadings [n, factors] and idiosyncratic deviations [n]; the first factor is
// the equally weighted portfolio of what is shared. With factors >= n it is exact: from own_assets_min assets
// on an asset keeps for itself what the correlations leave it, the most in the sense that the squares of the
// shared shares of variance are least (by Dykstra's (1983) projections); of fewer, whose own shocks would be
// much of the market that drives the volatility, nothing. Throws Error for a matrix that is not
// positive semi-definite (an eigenvalue below −1e-8 of the largest).
inline constexpr int own_assets_min = 8;
struct Factors {
  std::vector<double> loadings, idiosyncratic;
};
Factors factors_of(const std::vector<double>& covariance, int n, int factors);

}  // namespace regent::scenario
