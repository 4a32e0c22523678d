#include "allocation/sizing.hpp"

#include <cmath>

#include "allocation/eigen_risk.hpp"
#include "allocation/reference_portfolios.hpp"
#include "allocation/weights.hpp"
#include "base/error.hpp"
#include "covariance/sample.hpp"

namespace regent::allocation {
namespace {

std::vector<double> through_modes(const covariance::Matrix& covariance, double rows,
                                  std::span<const double> convictions) {
  const auto spectrum = covariance::spectrum_of(covariance::correlation_of(covariance));
  return eigen_risk_exposures(spectrum, convictions, noise_edge(spectrum.values, rows).edge);
}

std::vector<double> over_volatility(const covariance::Matrix& covariance, std::vector<double> exposures) {
  for (std::size_t i = 0; i < exposures.size(); ++i) exposures[i] /= std::sqrt(covariance(i, i));
  return exposures;
}

void drop_hedges(std::vector<double>& exposures, std::span<const double> convictions) {
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    const bool with = (exposures[i] > 0 && convictions[i] > 0) || (exposures[i] < 0 && convictions[i] < 0);
    if (!with) exposures[i] = 0;
  }
}

}  // namespace

bool uses_convictions(Sizing sizing) {
  return sizing == Sizing::volatility || sizing == Sizing::eigen_risk || sizing == Sizing::given;
}

std::vector<double> raw_exposures(const covariance::Matrix& covariance, double rows,
                                  std::span<const double> convictions, const AllocatorSettings& settings) {
  REGENT_INVARIANT(convictions.size() == covariance.size, "one conviction per asset");
  check_covariance(covariance);
  std::vector<double> raw(convictions.begin(), convictions.end());
  switch (settings.sizing) {
    case Sizing::volatility:
      return over_volatility(covariance, std::move(raw));
    case Sizing::eigen_risk:
      raw = through_modes(covariance, rows, convictions);
      if (!settings.hedges) drop_hedges(raw, convictions);
      return over_volatility(covariance, std::move(raw));
    case Sizing::given:
      return raw;
    case Sizing::equal:
      return std::vector<double>(raw.size(), 1 / static_cast<double>(raw.size()));
    case Sizing::inverse_variance:
      return inverse_variance(covariance);
    case Sizing::minimum_variance:
      return minimum_variance(covariance);
    case Sizing::risk_parity:
      return risk_parity(covariance);
  }
  return raw;
}

}  // namespace regent::allocation
