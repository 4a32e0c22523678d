#include "allocation/allocate.hpp"

#include <cmath>
#include <utility>

#include "allocation/budget.hpp"
#include "allocation/eigen_risk.hpp"
#include "allocation/sizing.hpp"
#include "base/error.hpp"
#include "covariance/sample.hpp"

namespace regent::allocation {
namespace {

// Of the symbols held; empty for none.
std::vector<double> of_held(const Exposures& exposures, std::span<const double> of_all) {
  std::vector<double> result;
  for (const std::size_t symbol : exposures.held) {
    if (!of_all.empty()) result.push_back(of_all[symbol]);
  }
  return result;
}

// Of all symbols.
Weights whole(const Exposures& exposures, const Weights& of_held) {
  Weights all = of_held;
  all.weights.assign(exposures.absent.size(), 0.0);
  all.position_capped.assign(exposures.absent.size(), 0);
  all.kept.assign(exposures.absent.size(), 1.0);
  for (std::size_t i = 0; i < of_held.weights.size(); ++i) {
    all.weights[exposures.held[i]] = of_held.weights[i];
    all.position_capped[exposures.held[i]] = of_held.position_capped[i];
    all.kept[exposures.held[i]] = of_held.kept[i];
  }
  all.absent = exposures.absent;
  return all;
}

// Portfolios of the covariance alone have the whole target.
double budget_of(const Exposures& exposures, double multiplier, const AllocatorSettings& settings) {
  if (exposures.held.empty()) return 0;
  return uses_convictions(settings.sizing) ? risk_budget(exposures.convictions, multiplier, settings)
                                           : settings.target_volatility * multiplier;
}

}  // namespace

KnownRisk denoised(KnownRisk risk) {
  if (risk.held.empty()) return risk;
  check_covariance(risk.covariance);
  const auto spectrum = covariance::spectrum_of(covariance::correlation_of(risk.covariance));
  const auto correlation = without_noise(spectrum, noise_edge(spectrum.values, risk.rows));
  const auto cleaned = covariance::covariance_of(correlation, covariance::deviations_of(risk.covariance));
  for (std::size_t i = 0; i < cleaned.size; ++i) {
    for (std::size_t j = 0; j < cleaned.size; ++j) {
      if (i != j) risk.covariance(i, j) = cleaned(i, j);
    }
  }
  return risk;
}

KnownRisk priced(KnownRisk risk, std::span<const double> closes) {
  REGENT_INVARIANT(closes.size() == risk.absent.size(), "one close per symbol");
  std::vector<std::size_t> places, held;
  for (std::size_t k = 0; k < risk.held.size(); ++k) {
    const std::size_t symbol = risk.held[k];
    if (std::isnan(closes[symbol])) {
      risk.absent[symbol] = Absence::no_price;
    } else {
      places.push_back(k);
      held.push_back(symbol);
    }
  }
  risk.covariance = covariance::part_of(risk.covariance, places);
  risk.held = std::move(held);
  return risk;
}

Exposures exposures_of(const KnownRisk& risk, std::span<const double> convictions,
                       const AllocatorSettings& settings) {
  REGENT_INVARIANT(convictions.size() == risk.absent.size(), "one conviction per symbol");
  Exposures exposures;
  exposures.absent = risk.absent;
  std::vector<std::size_t> places;
  for (std::size_t k = 0; k < risk.held.size(); ++k) {
    const std::size_t symbol = risk.held[k];
    if (std::isnan(convictions[symbol])) {
      exposures.absent[symbol] = Absence::no_conviction;
    } else {
      places.push_back(k);
      exposures.held.push_back(symbol);
    }
  }
  if (places.empty()) return exposures;
  exposures.convictions = of_held(exposures, convictions);
  exposures.covariance = covariance::part_of(risk.covariance, places);
  exposures.raw = raw_exposures(exposures.covariance, risk.rows, exposures.convictions, settings);
  return exposures;
}

Weights allocate(const Exposures& exposures, std::span<const double> before, double multiplier,
                 const AllocatorSettings& settings) {
  REGENT_INVARIANT(multiplier >= 0 && multiplier <= 1, "a multiplier of the budget must lie in [0, 1]");
  const double budget = budget_of(exposures, multiplier, settings);
  if (budget == 0) return whole(exposures, {});
  return whole(exposures,
               weights_of(exposures.covariance, exposures.raw, budget, of_held(exposures, before), settings));
}

Weights fully_invested(const Exposures& exposures, const AllocatorSettings& settings) {
  if (budget_of(exposures, 1, settings) == 0) return whole(exposures, {});
  Weights weights;
  weights.weights = exposures.raw;
  double gross = 0;
  for (const double weight : weights.weights) gross += std::abs(weight);
  for (double& weight : weights.weights) weight /= gross;
  weights.predicted_volatility = volatility_of(exposures.covariance, weights.weights);
  weights.uncapped_volatility = weights.predicted_volatility;
  weights.position_capped.assign(weights.weights.size(), 0);
  weights.kept.assign(weights.weights.size(), 1.0);
  return whole(exposures, weights);
}

}  // namespace regent::allocation
