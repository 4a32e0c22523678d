#include "engine/gates/governor.hpp"

#include <algorithm>
#include <cmath>

namespace regent::engine {

namespace {

Verdict denied_by_governor(DenialReason reason, double value, double limit, const char* name) {
  return Verdict::deny(Gate::governor, reason, value, limit, name);
}

Verdict not_set(const char* name) {
  return denied_by_governor(DenialReason::limit_not_set, 0, 0, name);
}

// written so that NaN on either side is a No
bool within(double value, double limit) {
  return value <= limit * (1 + governor_tolerance);
}

Verdict symbol_verdict(double quantity, const GateSnapshot& snapshot, const GovernorLimits& limits) {
  if (!limits.restricted_symbols) return not_set("governor.restricted_symbols");
  const auto& restricted = *limits.restricted_symbols;
  if (std::find(restricted.begin(), restricted.end(), snapshot.symbol) != restricted.end()) {
    return denied_by_governor(DenialReason::symbol_restricted, 0, 0, "governor.restricted_symbols");
  }
  if (!limits.short_selling) return not_set("governor.short_selling");
  const double lowest =
      std::min({snapshot.position + quantity, snapshot.position + snapshot.open_quantity + quantity});
  if (!*limits.short_selling && quantity < 0 && lowest < 0) {
    return denied_by_governor(DenialReason::short_not_allowed, lowest, 0, "governor.short_selling");
  }
  return Verdict::allow();
}

Verdict size_verdict(double quantity, const GateSnapshot& snapshot, const GovernorLimits& limits) {
  if (!limits.order_value_max) return not_set("governor.order_value_max");
  const double value = std::abs(quantity) * snapshot.price / snapshot.equity;
  if (!within(value, *limits.order_value_max)) {
    return denied_by_governor(DenialReason::order_value, value, *limits.order_value_max,
                              "governor.order_value_max");
  }
  const double exposure =
      worst_position(quantity, snapshot.position, snapshot.open_quantity) * snapshot.price;
  if (!limits.position_weight_max) return not_set("governor.position_weight_max");
  // what may come to be, not what already is: an order from +9 % to -4 % is judged by its -4 %
  const double position_after = std::max(std::abs(snapshot.position + quantity),
                                         std::abs(snapshot.position + snapshot.open_quantity + quantity));
  const double weight = position_after * snapshot.price / snapshot.equity;
  if (!within(weight, *limits.position_weight_max)) {
    return denied_by_governor(DenialReason::position_weight, weight, *limits.position_weight_max,
                              "governor.position_weight_max");
  }
  if (!limits.gross_leverage_max) return not_set("governor.gross_leverage_max");
  const double gross = (snapshot.gross_of_others + exposure) / snapshot.equity;
  if (!within(gross, *limits.gross_leverage_max)) {
    return denied_by_governor(DenialReason::gross_leverage, gross, *limits.gross_leverage_max,
                              "governor.gross_leverage_max");
  }
  return Verdict::allow();
}

Verdict rate_verdict(const GateSnapshot& snapshot, const GovernorLimits& limits) {
  if (!limits.orders_per_bar_max) return not_set("governor.orders_per_bar_max");
  const std::int64_t orders = snapshot.orders_this_bar + 1;
  if (orders > *limits.orders_per_bar_max) {
    return denied_by_governor(DenialReason::order_rate, static_cast<double>(orders),
                              static_cast<double>(*limits.orders_per_bar_max), "governor.orders_per_bar_max");
  }
  return Verdict::allow();
}

}  // namespace

Verdict governor_verdict(double quantity, const GateSnapshot& snapshot, const GovernorLimits& limits) {
  if (!is_well_formed(quantity, snapshot))
    return denied_by_governor(DenialReason::order_invalid, quantity, 0, "");
  if (is_reducing(quantity, snapshot.position, snapshot.open_quantity)) return Verdict::allow();
  if (!(std::isfinite(snapshot.equity) && snapshot.equity > 0)) {
    return denied_by_governor(DenialReason::order_invalid, snapshot.equity, 0, "");
  }
  if (Verdict verdict = symbol_verdict(quantity, snapshot, limits); !verdict.allowed) return verdict;
  if (Verdict verdict = size_verdict(quantity, snapshot, limits); !verdict.allowed) return verdict;
  return rate_verdict(snapshot, limits);
}

}  // namespace regent::engine
