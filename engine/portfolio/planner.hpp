#pragma once
// Target weights to trades. Pure; the same planner serves the engine and the book without gates.

#include <cstddef>
#include <span>
#include <vector>

namespace regent::engine {

struct PlannedTrade {
  std::size_t symbol = 0;
  double quantity = 0;    // signed units
  bool reducing = false;  // nearer to zero, not across it
};

struct PlanInput {
  std::span<const double> weights;     // [symbols] target, fraction of equity, finite
  std::span<const double> prices;      // [symbols] last close; NaN: never seen, no trade
  std::span<const double> quantities;  // [symbols] held
  std::span<const char> blocked;       // [symbols] not 0: an order is open, no trade
  double equity = 0;                   // not positive: closings only
  double band = 0;  // trades smaller than band x equity are left out, unless they close a position
};

// Reducing trades first, then the others, each in the order of the symbols.
std::vector<PlannedTrade> plan(const PlanInput& input);

}  // namespace regent::engine
