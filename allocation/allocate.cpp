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

// The symbols that have both a covariance and a conviction.
struct Part {
  Part(const KnownRisk& risk, std::span<const double> wanted);
  std::vector<double> values(std::span<const double> of_all) const;  // empty for none
  Weights whole(Weights of_part) const;

  std::vector<std::size_t> symbols;
  std::vector<Absence> absent;
  std::vector<double> convictions;
  covariance::Matrix covariance;
};

Part::Part(const KnownRisk& risk, std::span<const double> wanted) : absent(risk.absent) {
  REGENT_INVARIANT(wanted.size() == risk.absent.size(), "one conviction per symbol");
  std::vector<std::size_t> places;
  for (std::size_t k = 0; k < risk.held.size(); ++k) {
    const std::size_t symbol = risk.held[k];
    if (std::isnan(wanted[symbol])) {
      absent[symbol] = Absence::no_conviction;
    } else {
      places.push_back(k);
      symbols.push_back(symbol);
    }
  }
  convictions = values(wanted);
  covariance = covariance::part_of(risk.covariance, places);
}

std::vector<double> Part::values(std::span<const double> of_all) const {
  std::vector<double> result;
  for (const std::size_t symbol : symbols) {
    if (!of_all.empty()) result.push_back(of_all[symbol]);
  }
  return result;
}

Weights Part::whole(Weights of_part) const {
  Weights all = of_part;
  all.weights.assign(absent.size(), 0.0);
  all.position_capped.assign(absent.size(), 0);
  all.kept.assign(absent.size(), 1.0);
  for (std::size_t i = 0; i < of_part.weights.size(); ++i) {
    all.weights[symbols[i]] = of_part.weights[i];
    all.position_capped[symbols[i]] = of_part.position_capped[i];
    all.kept[symbols[i]] = of_part.kept[i];
  }
  all.absent = absent;
  return all;
}

// Portfolios of the covariance alone have the whole target.
double budget_of(const Part& part, double multiplier, const AllocatorSettings& settings) {
  if (part.symbols.empty()) return 0;
  return uses_convictions(settings.sizing) ? risk_budget(part.convictions, multiplier, settings)
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

Weights allocate(const KnownRisk& risk, std::span<const double> convictions, std::span<const double> before,
                 double multiplier, const AllocatorSettings& settings) {
  REGENT_INVARIANT(multiplier >= 0 && multiplier <= 1, "a multiplier of the budget must lie in [0, 1]");
  Part part(risk, convictions);
  const double budget = budget_of(part, multiplier, settings);
  if (budget == 0) return part.whole({});
  const auto raw = raw_exposures(part.covariance, risk.rows, part.convictions, settings);
  return part.whole(weights_of(part.covariance, raw, budget, part.values(before), settings));
}

Weights fully_invested(const KnownRisk& risk, std::span<const double> convictions,
                       const AllocatorSettings& settings) {
  Part part(risk, convictions);
  if (budget_of(part, 1, settings) == 0) return part.whole({});
  Weights weights;
  weights.weights = raw_exposures(part.covariance, risk.rows, part.convictions, settings);
  double gross = 0;
  for (const double weight : weights.weights) gross += std::abs(weight);
  for (double& weight : weights.weights) weight /= gross;
  weights.predicted_volatility = volatility_of(part.covariance, weights.weights);
  weights.uncapped_volatility = weights.predicted_volatility;
  weights.position_capped.assign(weights.weights.size(), 0);
  weights.kept.assign(weights.weights.size(), 1.0);
  return part.whole(std::move(weights));
}

}  // namespace regent::allocation
