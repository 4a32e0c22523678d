#pragma once
// Metrics by regime for the terminal and as JSON.

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "strategies/metrics.hpp"
#include "strategies/time_plan.hpp"

namespace regent::strategies {

// by_regime: [plan.regimes], as metrics_by_regime() finds them. "" and an empty list without regimes.
std::string regime_table(const std::string& title, const TimePlan& plan, std::span<const Metrics> by_regime);
nlohmann::ordered_json regimes_json(const TimePlan& plan, std::span<const Metrics> by_regime);

}  // namespace regent::strategies
