#include "allocation/settings.hpp"

#include <charconv>
#include <utility>

#include "base/config/config.hpp"
#include "base/error.hpp"

namespace regent::allocation {
namespace {

std::pair<std::string, double> regime_risk_entry(const std::string& text, const std::string& name) {
  const std::size_t equals = text.find('=');
  double value = -1;
  const char* end = text.data() + text.size();
  const char* first = equals == std::string::npos ? end : text.data() + equals + 1;
  const auto [stopped, error] = std::from_chars(first, end, value);
  const bool is_number = error == std::errc{} && stopped == end;
  if (equals == 0 || !is_number || !(value >= 0 && value <= 1)) {
    throw InputError(name + ": \"" + text +
                     "\" is not a regime's label, =, and a multiplier from 0 to 1, such as \"chaos=0.5\"");
  }
  return {text.substr(0, equals), value};
}

}  // namespace

std::map<std::string, double> regime_risk_of(const std::vector<std::string>& entries,
                                             const std::string& name) {
  std::map<std::string, double> multipliers;
  for (const auto& entry : entries) {
    const auto [label, multiplier] = regime_risk_entry(entry, name);
    if (!multipliers.emplace(label, multiplier).second) {
      throw InputError(name + ": \"" + label + "\" stands twice");
    }
  }
  return multipliers;
}

void check_settings(const AllocatorSettings& s) {
  REGENT_INVARIANT(s.periods_per_year > 0 && s.target_volatility > 0 && s.position_max >= 0 &&
                       s.gross_max >= 0 && s.derisk_from > 0 && s.derisk_from <= 1 && s.turnover_penalty >= 0,
                   "allocator settings out of range");
}

AllocatorSettings allocator_settings(const Config& config, double periods_per_year) {
  AllocatorSettings settings;
  settings.target_volatility = config.real("allocator.target_volatility");
  settings.half_life_bars = config.real("allocator.half_life_bars");
  settings.half_life_correlation_bars = config.real("allocator.half_life_correlation_bars");
  settings.half_life_level_bars = config.real("allocator.half_life_level_bars");
  settings.calibration_half_life_bars = config.real("allocator.calibration_half_life_bars");
  settings.position_max = config.real("allocator.position_max");
  settings.gross_max = config.real("allocator.gross_max");
  settings.warmup_bars = static_cast<int>(config.integer("allocator.warmup_bars"));
  settings.risk = config.text("allocator.risk") == "full" ? RiskScale::full : RiskScale::conviction;
  settings.sizing = config.text("allocator.sizing") == "eigen-risk" ? Sizing::eigen_risk : Sizing::volatility;
  settings.hedges = config.boolean("allocator.hedges");
  settings.denoise = config.boolean("allocator.denoise");
  settings.derisk_from = config.real("allocator.derisk_from");
  settings.turnover_penalty = config.real("allocator.turnover_penalty");
  settings.regime_risk = regime_risk_of(config.text_list("allocator.regime_risk"), "allocator.regime_risk");
  settings.periods_per_year = periods_per_year;
  return settings;
}

}  // namespace regent::allocation
