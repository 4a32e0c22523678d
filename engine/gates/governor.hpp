#pragma once
// Second gate: is this allowed? Pure. No limit has a default: one that is not set rejects every order that
// adds risk.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/gates/snapshot.hpp"
#include "engine/gates/verdict.hpp"

namespace regent::engine {

struct GovernorLimits {
  std::optional<double> position_weight_max;       // |position| / equity, per symbol
  std::optional<double> gross_leverage_max;        // sum of |position| / equity, open orders reserved
  std::optional<double> order_value_max;           // |order| / equity
  std::optional<std::int64_t> orders_per_bar_max;  // orders that passed since the last bar
  std::optional<bool> short_selling;               // may a position be negative
  std::optional<std::vector<std::string>> restricted_symbols;
};

// A value counts as above its limit from limit * (1 + governor_tolerance) on: an order sized to the limit
// itself must not fail on the last bit of its division.
inline constexpr double governor_tolerance = 1e-9;

// Reducing orders pass: they improve every limit here, and there must always be a way out.
Verdict governor_verdict(double quantity, const GateSnapshot& snapshot, const GovernorLimits& limits);

}  // namespace regent::engine
