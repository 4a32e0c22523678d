#pragma once
// From raw exposures to weights: budget of risk, cut of correlated positions, turnover, caps. In this order:
//   1. w = raw · budget / √(raw' Σ raw): the predicted volatility is the budget
//   2. w_i ← kept_i w_i for correlated positions (correlated.hpp); what is cut is not given to others
//   3. w ← (w + κ w_before) / (1 + κ): the least of (v − w)'Σ(v − w) + κ (v − w_before)'Σ(v − w_before),
//   which
//      is Gârleanu & Pedersen's (2013, Dynamic trading with predictable returns and transaction costs)
//      partial move for costs in proportion to risk
//   4. caps: |w_i| ≤ position_max, then Σ|w_i| ≤ gross_max
//   5. where that leaves more risk than the budget, all weights shrink until it fits
// Caps only ever shrink, and the target volatility is never exceeded by the covariance's own word.

#include <cstdint>
#include <span>
#include <vector>

#include "allocation/settings.hpp"
#include "covariance/matrix.hpp"

namespace regent::allocation {

// Why a symbol has no weight.
enum class Absence : std::uint8_t {
  none,
  few_returns,    // fewer than the warm-up, or none in the window
  no_variance,    // its price does not move
  no_conviction,  // NaN
  no_price        // at the bar of the decision
};
const char* words_of(Absence absence);  // "too few returns"

struct Weights {
  std::vector<double> weights;                // fraction of equity
  double predicted_volatility = 0;            // annual
  double uncapped_volatility = 0;             // annual, after step 1: the budget unless nothing can be held
  std::vector<std::uint8_t> position_capped;  // 1 where position_max bound
  bool gross_capped = false;                  // gross_max bound
  std::vector<double> kept;                   // in [½, 1], of step 2
  std::vector<Absence> absent;
};

// Throws InputError naming row and column (from 1) for an entry that is not finite, and a variance that is
// not above 0.
void check_covariance(const covariance::Matrix& covariance);

// √(w'Σw). Throws InputError for a variance that is negative beyond rounding.
double volatility_of(const covariance::Matrix& covariance, std::span<const double> weights);

// covariance: annual. raw [assets], in any unit; before [assets], or empty: no position to move from. budget:
// annual volatility. Throws InputError as check_covariance does, and for a covariance by which the
// portfolio's variance is negative.
Weights weights_of(const covariance::Matrix& covariance, std::span<const double> raw, double budget,
                   std::span<const double> before, const AllocatorSettings& settings);

}  // namespace regent::allocation
