#pragma once
// Small made-up markets and settings that let orders pass.

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "engine/core/action.hpp"
#include "engine/core/event.hpp"
#include "engine/core/settings.hpp"
#include "market/panel.hpp"

namespace regent::engine::test {

inline constexpr TimestampMs day_ms = 86'400'000;
inline constexpr TimestampMs first_day_ms = 1'577'836'800'000;  // 2020-01-01
inline constexpr double missing = std::numeric_limits<double>::quiet_NaN();

inline std::vector<std::string> symbol_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(std::string(1, static_cast<char>('A' + i)) + "X");
  return names;
}

// Random walks with daily bars; some cells are missing when `holes`.
inline market::Panel random_panel(std::size_t bars, std::size_t symbols, unsigned seed, bool with_open = true,
                                  bool holes = false) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> step(0, 0.02);
  market::Panel panel;
  panel.symbols = symbol_names(symbols);
  std::vector<double> price(symbols);
  for (double& value : price) value = 50 + 100 * std::abs(step(random));
  for (std::size_t bar = 0; bar < bars; ++bar) {
    panel.timestamps_ms.push_back(first_day_ms + static_cast<TimestampMs>(bar) * day_ms);
    for (std::size_t i = 0; i < symbols; ++i) {
      const double open = price[i] * std::exp(0.3 * step(random));
      price[i] = open * std::exp(step(random));
      const bool hole = holes && bar > 2 && random() % 17 == 0;
      if (with_open) panel.columns[0].push_back(hole ? missing : open);
      panel.columns[3].push_back(hole ? missing : price[i]);
    }
  }
  return panel;
}

inline GovernorLimits wide_limits() {
  GovernorLimits limits;
  limits.position_weight_max = 1;
  limits.gross_leverage_max = 4;
  limits.order_value_max = 2;
  limits.orders_per_bar_max = 1000;
  limits.short_selling = true;
  limits.restricted_symbols = std::vector<std::string>{};
  return limits;
}

inline CoreSettings core_settings(std::size_t symbols) {
  CoreSettings settings;
  settings.stream = "test";
  settings.symbols = symbol_names(symbols);
  settings.initial_cash = 100'000;
  settings.guardian.reduce_drawdown = 0.9;
  settings.guardian.halt_drawdown = 0.95;
  settings.governor = wide_limits();
  return settings;
}

inline Started started(const CoreSettings& settings) {
  Started event;
  event.settings = settings;
  event.fee_fraction = 0.00075;
  event.slippage_fraction = 0.0005;
  event.asks_again = true;
  event.version = "test";
  return event;
}

inline Bar closes_bar(std::uint64_t sequence, std::vector<double> closes) {
  Bar bar;
  bar.sequence = sequence;
  bar.timestamp_ms = first_day_ms + static_cast<TimestampMs>(sequence - 1) * day_ms;
  bar.columns[3] = std::move(closes);
  return bar;
}

inline DecisionArrived decision(const Bar& bar, std::vector<double> weights) {
  DecisionArrived decision;
  decision.sequence = bar.sequence;
  decision.status = DecisionArrived::Status::decided;
  decision.timestamp_ms = bar.timestamp_ms;
  decision.expires_ms = bar.timestamp_ms + 5 * day_ms;
  decision.convictions = weights;
  decision.weights = std::move(weights);
  decision.macro_posterior = {0.2, 0.5, 0.3};
  decision.micro_posterior = {0.2, 0.5, 0.3};
  decision.macro_labels = {"calm", "trend", "chaos"};
  decision.regime = "trend";
  decision.confidence = 0.5;
  decision.predicted_volatility = 0.1;
  decision.fingerprint = "f";
  decision.bundle_end_ms = first_day_ms - 30 * day_ms;
  return decision;
}

template <typename Kind>
std::vector<Kind> only(const std::vector<Action>& actions) {
  std::vector<Kind> found;
  for (const Action& action : actions) {
    if (const auto* value = std::get_if<Kind>(&action)) found.push_back(*value);
  }
  return found;
}

}  // namespace regent::engine::test
