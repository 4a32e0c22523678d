#pragma once
// Convictions from past prices alone, for comparisons and first steps: what rose in the last year but its
// last month (Jegadeesh & Titman 1993, Returns to buying winners and selling losers).

#include <vector>

#include "market/panel.hpp"

namespace regent::allocation {

inline constexpr std::size_t momentum_bars = 252, momentum_gap_bars = 21;

// [symbols]: z/2 clipped to [-1, 1], z the standard score over the symbols of ln(close 21 bars ago / close
// 252 bars ago); NaN where one of the two is missing. Reads no bar after `bar`. REQUIRES bar >=
// momentum_bars.
std::vector<double> momentum_convictions(const market::Panel& panel, std::size_t bar);

}  // namespace regent::allocation
