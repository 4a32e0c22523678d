#include "report/ungated.hpp"

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "engine/portfolio/planner.hpp"
#include "engine/portfolio/portfolio.hpp"
#include "engine/venues/paper.hpp"

namespace regent::report {

namespace {

class UngatedBook {
 public:
  explicit UngatedBook(const RunRecord& run)
      : run_(run),
        account_(run.panel.symbol_count(), run.start_cash),
        venue_({.fee_fraction = run.fee_rate, .slippage_fraction = run.slippage_rate}),
        prices_(run.panel.symbol_count(), std::numeric_limits<double>::quiet_NaN()),
        blocked_(run.panel.symbol_count(), 0) {}

  void see_history(std::size_t bar) { mark(bar); }

  double step(std::size_t bar, const RecordedDecision& decision) {
    venue_.on_bar(run_.panel.bar(bar));
    for (const engine::OrderUpdate& update : venue_.take_updates()) take(update);
    mark(bar);
    const double equity = account_.equity(prices_);
    if (decision.decided) order(bar, decision, equity);
    return equity;
  }

 private:
  void take(const engine::OrderUpdate& update) {
    const std::size_t symbol = symbols_.at(update.client_order_id);
    if (update.kind == engine::UpdateKind::filled) {
      account_.fill(symbol, update.quantity, update.price, update.fee);
    }
    if (update.kind != engine::UpdateKind::accepted)
      blocked_[symbol] = 0;  // filled whole, cancelled or rejected
  }

  void mark(std::size_t bar) {
    for (std::size_t symbol = 0; symbol < prices_.size(); ++symbol) {
      const double close = run_.panel.at(market::Column::close, bar, symbol);
      if (std::isfinite(close) && close > 0) prices_[symbol] = close;
    }
  }

  void order(std::size_t bar, const RecordedDecision& decision, double equity) {
    const auto trades = engine::plan({.weights = decision.weights,
                                      .prices = prices_,
                                      .quantities = account_.quantities(),
                                      .blocked = blocked_,
                                      .equity = equity,
                                      .band = run_.rebalance_band});
    for (const engine::PlannedTrade& trade : trades) {
      engine::Order order{.client_order_id = std::to_string(bar) + "-" + std::to_string(trade.symbol),
                          .sequence = bar + 1,
                          .symbol = trade.symbol,
                          .quantity = trade.quantity,
                          .reference_price = prices_[trade.symbol],
                          .timestamp_ms = run_.panel.timestamps_ms[bar],
                          .reducing = trade.reducing};
      symbols_[order.client_order_id] = trade.symbol;
      blocked_[trade.symbol] = 1;
      venue_.submit(order);
    }
  }

  const RunRecord& run_;
  engine::Portfolio account_;
  engine::PaperVenue venue_;
  std::vector<double> prices_;
  std::vector<char> blocked_;
  std::map<std::string, std::size_t> symbols_;
};

}  // namespace

std::vector<double> ungated_equity(const RunRecord& run) {
  UngatedBook book(run);
  for (std::size_t bar = 0; bar < run.first_traded_bar; ++bar) book.see_history(bar);
  std::vector<double> equity;
  for (std::size_t i = 0; i < run.traded_bars(); ++i) {
    equity.push_back(book.step(run.first_traded_bar + i, run.decisions[i]));
  }
  return equity;
}

}  // namespace regent::report
