#pragma once
// What the regime model observes: a few causal aggregates over the whole panel (equal weights over the
// symbols that have a price), so that one regime describes the market and not one symbol. A panel of one
// symbol works the same.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "market/panel.hpp"

namespace regent::market {

// Known names: market_return (mean log return), market_volatility_5 / _21 (log of the realised volatility of
// market_return over the window), market_dispersion (log of the cross-sectional standard deviation of returns
// averaged over 5 bars; needs at least 3 symbols), market_drawdown (log distance to the 252-bar high of the
// index), market_momentum_21 (sum of market_return over 21 bars). A logarithm is taken of at least 1e-6, so
// that a market that does not move has a value; a window with fewer than half of its returns has none. The
// index starts at its window's first bar. market_dispersion throws InputError for fewer than 3 symbols.
std::vector<std::string> market_state_names();

class MarketState {
 public:
  MarketState(std::vector<std::string> names, std::size_t symbols);  // throws InputError on an unknown name
  ~MarketState();
  MarketState(const MarketState&);  // goes on by itself from here
  MarketState(MarketState&&) noexcept;
  MarketState& operator=(MarketState&&) noexcept;
  void update(const BarView& bar);
  std::span<const double> values() const;  // [names]; NaN until warm
  const std::vector<std::string>& names() const;
  int warmup_bars() const;
  // A new stream that is fed the last history_bars bars gives the same bits as one that was fed all bars.
  int history_bars() const;
  double index_return() const;  // mean log return of the last bar, NaN on the first

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// [bars, names] for a whole panel, by the same stream.
std::vector<double> compute_market_state(const Panel& panel, const std::vector<std::string>& names);

}  // namespace regent::market
