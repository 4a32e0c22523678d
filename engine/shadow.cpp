#include "engine/shadow.hpp"

#include <cmath>
#include <limits>
#include <string>

namespace regent::engine {

ShadowBook::ShadowBook(std::size_t symbols, const ShadowSettings& settings)
    : settings_(settings),
      portfolio_(symbols, settings.initial_cash),
      venue_(settings.paper),
      prices_(symbols, std::numeric_limits<double>::quiet_NaN()),
      open_(symbols),
      equity_(settings.initial_cash) {}

void ShadowBook::on_bar(const market::BarView& bar) {
  ++bars_;
  stream_ms_ = bar.timestamp_ms;
  venue_.on_bar(bar);
  for (const OrderUpdate& update : venue_.take_updates()) {
    if (update.kind != UpdateKind::filled) continue;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (open_[i] != update.client_order_id) continue;
      portfolio_.fill(i, update.quantity, update.price, update.fee);
      open_[i].clear();
    }
  }
  const auto closes = bar[market::Column::close];
  for (std::size_t i = 0; i < prices_.size(); ++i) {
    if (std::isfinite(closes[i]) && closes[i] > 0) prices_[i] = closes[i];
  }
  equity_ = portfolio_.equity(prices_);
}

void ShadowBook::on_decision(std::span<const double> weights) {
  std::vector<char> blocked(open_.size(), 0);
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (open_[i].empty()) continue;
    venue_.cancel(open_[i]);  // as in the engine: replaced at the next decision, not in the same breath
    open_[i].clear();
    blocked[i] = 1;
  }
  const PlanInput input{weights, prices_, portfolio_.quantities(),
                        blocked, equity_, settings_.rebalance_band};
  for (const PlannedTrade& trade : plan(input)) {
    Order order;
    order.client_order_id = "shadow-" + std::to_string(bars_) + "-" + std::to_string(trade.symbol);
    order.sequence = bars_;
    order.symbol = trade.symbol;
    order.quantity = trade.quantity;
    order.reference_price = prices_[trade.symbol];
    order.timestamp_ms = stream_ms_;
    venue_.submit(order);
    open_[trade.symbol] = order.client_order_id;
    ++orders_;
  }
}

}  // namespace regent::engine
