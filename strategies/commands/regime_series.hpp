#pragma once
// The regime of every bar, as live use would have seen it: the filter's most probable macro regime.

#include <string>
#include <vector>

#include "cuda/runtime/resources.hpp"
#include "strategies/commands/trading_flags.hpp"
#include "strategies/tradable.hpp"

namespace regent::strategies {

struct Regimes {
  std::vector<std::string> labels;   // empty: no model
  std::vector<std::int32_t> of_bar;  // [bars]; the last label is "unknown" where some bar has no regime
};

class RegimeSource {
 public:
  // Reads --model and filters its features of the bars; nothing without --model. Throws InputError.
  RegimeSource(const TradingFlags& flags, const cuda::Resources& resources);
  // Regimes are joined to the series' bars by time. Throws InputError where the model knows nothing of the
  // symbol.
  Regimes of(const TradableSeries& series) const;

 private:
  struct Known {
    std::string symbol;  // "": every symbol
    std::vector<TimestampMs> timestamps_ms;
    std::vector<std::int32_t> regime;
    std::vector<std::string> labels;
  };
  std::vector<Known> known_;
  bool any_ = false;
};

// [bars] the regime known when each bar began, that of the bar before: what a bar's return is counted to.
std::vector<std::int32_t> known_before(const Regimes& regimes);
// [bars] 1 where the bar's regime is named by --only-regimes; empty without it. Throws InputError for a label
// that the model has not.
std::vector<std::uint8_t> allowed_bars(const TradingFlags& flags, const Regimes& regimes);

}  // namespace regent::strategies
