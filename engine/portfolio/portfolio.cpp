#include "engine/portfolio/portfolio.hpp"

#include <algorithm>
#include <cmath>

namespace regent::engine {

Portfolio::Portfolio(std::size_t symbols, double initial_cash)
    : initial_cash_(initial_cash), cash_(initial_cash), quantities_(symbols), costs_(symbols) {}

void Portfolio::fill(std::size_t symbol, double quantity, double price, double fee) {
  double& held = quantities_[symbol];
  double& cost = costs_[symbol];
  cash_ -= quantity * price + fee;
  fees_ += fee;
  moved_ += std::abs(quantity) * price + fee;
  const bool adds = held == 0 || (quantity > 0) == (held > 0);
  if (adds) {
    const double after = held + quantity;
    if (after != 0) cost = (cost * held + price * quantity) / after;
    held = after;
    return;
  }
  const double closed = std::min(std::abs(quantity), std::abs(held));
  realised_ += (price - cost) * (held > 0 ? closed : -closed);
  const bool crosses = std::abs(quantity) > std::abs(held);
  held = std::abs(quantity) == std::abs(held) ? 0.0 : held + quantity;
  if (held == 0) cost = 0;
  if (crosses) cost = price;
}

double Portfolio::equity(const std::vector<double>& prices) const {
  double sum = cash_;
  for (std::size_t i = 0; i < quantities_.size(); ++i) {
    if (quantities_[i] != 0) sum += quantities_[i] * prices[i];
  }
  return sum;
}

double Portfolio::unrealised(const std::vector<double>& prices) const {
  double sum = 0;
  for (std::size_t i = 0; i < quantities_.size(); ++i) {
    if (quantities_[i] != 0) sum += quantities_[i] * (prices[i] - costs_[i]);
  }
  return sum;
}

double Portfolio::gross(const std::vector<double>& prices) const {
  double sum = 0;
  for (std::size_t i = 0; i < quantities_.size(); ++i) {
    if (quantities_[i] != 0) sum += std::abs(quantities_[i] * prices[i]);
  }
  return sum;
}

bool Portfolio::is_conserved(const std::vector<double>& prices) const {
  const double direct = equity(prices);
  const double by_profit = initial_cash_ + realised_ + unrealised(prices) - fees_;
  return std::abs(direct - by_profit) <= 1e-9 * (initial_cash_ + moved_);
}

}  // namespace regent::engine
