#include "market/features/close_returns.hpp"

#include <cmath>

#include "base/error.hpp"
#include "base/nan_value.hpp"

namespace regent::market {

double clean_price(double price) {
  return std::isfinite(price) && price > 0 ? price : nan_value;
}

CloseReturns::CloseReturns(std::size_t symbols)
    : returns_(symbols, nan_value),
      previous_(symbols, nan_value),
      carried_(symbols, nan_value),
      age_bars_(symbols, 0),
      mean_(nan_value) {}

void CloseReturns::update(std::span<const double> closes) {
  REGENT_INVARIANT(closes.size() == returns_.size(), "closes of " + std::to_string(closes.size()) +
                                                         " symbols, not " + std::to_string(returns_.size()));
  previous_ = carried_;
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t s = 0; s < closes.size(); ++s) {
    const double close = clean_price(closes[s]);
    returns_[s] = std::log(close / previous_[s]);
    if (close == close) {
      carried_[s] = close;
      age_bars_[s] = 0;
    } else if (++age_bars_[s] > carry_bars_max) {
      carried_[s] = nan_value;
      age_bars_[s] = carry_bars_max;
    }
    if (returns_[s] == returns_[s]) {
      sum += returns_[s];
      ++count;
    }
  }
  mean_ = count > 0 ? sum / static_cast<double>(count) : nan_value;
}

}  // namespace regent::market
