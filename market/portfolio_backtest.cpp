#include "market/portfolio_backtest.hpp"

#include <cmath>
#include <string>

#include "base/error.hpp"

namespace regent::market {

PortfolioBacktest::PortfolioBacktest(const PortfolioCosts& costs, std::size_t symbols)
    : costs_(costs), units_(symbols, 0.0), last_price_(symbols, 0.0) {
  REGENT_INVARIANT(costs.fee_rate >= 0 && costs.slippage_rate >= 0 && costs.slippage_rate < 1,
                   "costs must not be negative");
}

double PortfolioBacktest::value(std::span<const double> prices) {
  double total = cash_;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (!std::isnan(prices[i])) {
      last_price_[i] = prices[i];
    }
    total += units_[i] * last_price_[i];
  }
  return total;
}

double PortfolioBacktest::step(std::span<const double> weights, std::span<const double> fill,
                               std::span<const double> next) {
  REGENT_INVARIANT((weights.empty() || weights.size() == units_.size()) && fill.size() == units_.size() &&
                       next.size() == units_.size(),
                   "one weight and price per symbol");
  const double before = value(fill);
  if (!(before > 0)) {
    throw Error("the account is ruined after " + std::to_string(total_.returns.size()) + " decisions");
  }
  double traded = 0, lost = 0, gross = 0;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (!weights.empty() && !std::isnan(fill[i])) {
      REGENT_INVARIANT(std::isfinite(weights[i]), "a weight must be finite");
      const double wanted = weights[i] * before / fill[i];
      const double change = wanted - units_[i];
      const double notional = std::abs(change) * fill[i];
      const double paid = fill[i] * (1 + std::copysign(costs_.slippage_rate, change));
      const double fee = costs_.fee_rate * std::abs(change) * paid;
      cash_ -= change * paid + fee;
      units_[i] = wanted;
      traded += notional;
      total_.fees += fee / before;
      lost += fee + notional * costs_.slippage_rate;
    }
    gross += std::abs(units_[i] * last_price_[i]);
  }
  const double after = value(next);
  total_.returns.push_back(after / before - 1);
  total_.turnover += traded / before;
  total_.costs += lost / before;
  total_.gross_exposure += gross / before;
  return total_.returns.back();
}

PortfolioResult PortfolioBacktest::result() const {
  PortfolioResult result = total_;
  if (!result.returns.empty()) {
    const auto count = static_cast<double>(result.returns.size());
    result.turnover /= count;
    result.gross_exposure /= count;
  }
  return result;
}

}  // namespace regent::market
