#include "strategies/indicators.hpp"

#include <algorithm>

namespace regent::strategies {

std::int64_t warm_up_bars(const ColumnKey& key) {
  const std::int64_t w = key.w, v = key.v;
  switch (key.indicator) {
    case Indicator::macd:
      return w + v - 2;
    case Indicator::rsi:
    case Indicator::oversold:
    case Indicator::channel:
    case Indicator::breakout:
    case Indicator::momentum:
      return w;
    case Indicator::calm:
      return std::max(w, v);
    default:
      return w - 1;
  }
}

bool needs_volume(Indicator indicator) {
  return indicator == Indicator::volume;
}

}  // namespace regent::strategies
