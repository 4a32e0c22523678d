#pragma once
// How much volatility a portfolio may have.

#include <span>
#include <string>

#include "allocation/settings.hpp"

namespace regent::allocation {

// target_volatility · min(1, √(mean conviction²)), or target_volatility by RiskScale::full; times multiplier
// in [0, 1]. 0 where all convictions are.
double risk_budget(std::span<const double> convictions, double multiplier, const AllocatorSettings& settings);

// Σ_m p_m · multiplier of label m: what the regimes' posterior makes of the budget. labels, posterior [M].
double regime_multiplier(const AllocatorSettings& settings, std::span<const std::string> labels,
                         std::span<const double> posterior);

// How much riskier portfolios turned out than was predicted: b² = mean of (return / predicted volatility)²,
// exponentially weighted, and with 20 more rows of 1 so that it starts at 1. The budget is divided by max(1,
// b): a covariance that is too low for the portfolios made with it (they lean on its errors, and volatility
// comes in clusters) is answered for, and no luck adds leverage. Source: the bias statistic and volatility
// regime adjustment of Menchero, Wang & Orr (2011, The Barra US Equity Model), of one's own portfolio.
class Calibration {
 public:
  // half_life_bars > 0, or 0: the ratio stays 1
  explicit Calibration(double half_life_bars);
  // A bar's return of the portfolio, and the volatility per bar that was predicted for it; nothing is learnt
  // where that is 0.
  void update(double portfolio_return, double predicted_volatility);
  double multiplier() const;  // 1 / max(1, b)

 private:
  double decay_, sum_ = 0, weight_ = 0;
};

}  // namespace regent::allocation
