#pragma once
// The book that the same decisions would have made without gates: same planner, same paper venue, no
// guardian, no governor, no states. A report puts it beside the real one.

#include <span>
#include <vector>

#include "engine/portfolio/planner.hpp"
#include "engine/portfolio/portfolio.hpp"
#include "engine/venues/paper.hpp"

namespace regent::engine {

struct ShadowSettings {
  double initial_cash = 1'000'000;
  double rebalance_band = 0.002;
  PaperSettings paper;
};

class ShadowBook {
 public:
  ShadowBook(std::size_t symbols, const ShadowSettings& settings);

  // Fills what waits, then marks the book at the bar's closes. Bars in order.
  void on_bar(const market::BarView& bar);
  // Orders for the last bar's decision, [symbols] finite; what still waits of the one before is cancelled.
  // Bars without a decision need no call.
  void on_decision(std::span<const double> weights);

  double equity() const { return equity_; }  // at the last bar's close
  const Portfolio& portfolio() const { return portfolio_; }
  std::size_t orders() const { return orders_; }

 private:
  ShadowSettings settings_;
  Portfolio portfolio_;
  PaperVenue venue_;
  std::vector<double> prices_;
  std::vector<std::string> open_;  // [symbols] id of the order that waits, or empty
  double equity_;
  TimestampMs stream_ms_ = 0;
  std::uint64_t bars_ = 0;
  std::size_t orders_ = 0;
};

}  // namespace regent::engine
