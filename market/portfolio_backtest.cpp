#include "market/portfolio_backtest.hpp"

#include <algorithm>
#include <cmath>

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

void PortfolioBacktest::trade(std::size_t symbol, double weight, double price, double slippage_rate,
                              double equity, Traded& sums) {
  REGENT_INVARIANT(std::isfinite(weight), "a weight must be finite");
  const double wanted = weight * equity / price;
  const double change = wanted - units_[symbol];
  const double notional = std::abs(change) * price;
  const double paid = price * (1 + std::copysign(slippage_rate, change));
  const double fee = costs_.fee_rate * std::abs(change) * paid;
  cash_ -= change * paid + fee;
  units_[symbol] = wanted;
  sums.value += notional;
  total_.fees += fee / equity;
  sums.lost += fee + notional * slippage_rate;
}

double PortfolioBacktest::end_period(double before, std::span<const double> next) {
  const double after = value(next);
  if (after > 0) return after / before - 1;
  total_.ruined = true;
  cash_ = 0;
  std::ranges::fill(units_, 0.0);
  return -1;
}

double PortfolioBacktest::step(std::span<const double> weights, std::span<const double> fill,
                               std::span<const double> next, std::span<const double> slippage_rates) {
  REGENT_INVARIANT((weights.empty() || weights.size() == units_.size()) && fill.size() == units_.size() &&
                       next.size() == units_.size() &&
                       (slippage_rates.empty() || slippage_rates.size() == units_.size()),
                   "one weight and price per symbol");
  if (total_.ruined) return total_.returns.emplace_back(0.0);
  const double before = value(fill);
  double gross = 0;
  Traded sums;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (!weights.empty() && !std::isnan(fill[i]))
      trade(i, weights[i], fill[i], slippage_rates.empty() ? costs_.slippage_rate : slippage_rates[i], before,
            sums);
    if (!weights.empty() && std::isnan(fill[i]) && (weights[i] != 0 || units_[i] != 0)) ++total_.unfilled;
    gross += std::abs(units_[i] * last_price_[i]);
  }
  total_.returns.push_back(end_period(before, next));
  total_.turnover += sums.value / before;
  total_.costs += sums.lost / before;
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
