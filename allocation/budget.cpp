#include "allocation/budget.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace regent::allocation {
namespace {

constexpr double prior_rows = 20;

}  // namespace

double risk_budget(std::span<const double> convictions, double multiplier,
                   const AllocatorSettings& settings) {
  double squares = 0;
  for (const double conviction : convictions) squares += conviction * conviction;
  if (squares == 0) return 0;
  const double strength =
      settings.risk == RiskScale::full ? 1.0 : std::sqrt(squares / static_cast<double>(convictions.size()));
  return settings.target_volatility * std::min(1.0, strength) * multiplier;
}

double regime_multiplier(const AllocatorSettings& settings, std::span<const std::string> labels,
                         std::span<const double> posterior) {
  REGENT_INVARIANT(labels.size() == posterior.size(), "one probability per regime");
  // without any entry no bit may change, however the posterior is rounded
  if (settings.regime_risk.empty()) return 1;
  double multiplier = 0, total = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto found = settings.regime_risk.find(labels[i]);
    multiplier += posterior[i] * (found == settings.regime_risk.end() ? 1.0 : found->second);
    total += posterior[i];
  }
  REGENT_INVARIANT(total > 0, "a posterior must sum to 1");
  return std::clamp(multiplier / total, 0.0, 1.0);
}

Calibration::Calibration(double half_life_bars)
    : decay_(half_life_bars > 0 ? std::exp2(-1 / half_life_bars) : -1) {
  REGENT_INVARIANT(half_life_bars >= 0, "a half-life must not be negative");
}

void Calibration::update(double portfolio_return, double predicted_volatility) {
  if (decay_ < 0 || !(predicted_volatility > 0)) return;
  const double surprise = portfolio_return / predicted_volatility;
  sum_ = decay_ * sum_ + surprise * surprise;
  weight_ = decay_ * weight_ + 1;
}

double Calibration::multiplier() const {
  return decay_ < 0 ? 1.0 : 1 / std::max(1.0, std::sqrt((sum_ + prior_rows) / (weight_ + prior_rows)));
}

}  // namespace regent::allocation
