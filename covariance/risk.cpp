#include "covariance/risk.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "base/error.hpp"
#include "base/normal.hpp"
#include "covariance/maps.hpp"
#include "covariance/sample.hpp"
#include "covariance/spectrum.hpp"

namespace regent::covariance {
namespace {

void check_level(double level) {
  if (level > 0.5 && level < 1) return;
  throw InputError("level " + std::to_string(level) +
                   ": a tail's level lies between 0.5 and 1, for example 0.99");
}

void check_weights(std::span<const double> weights, std::size_t assets) {
  REGENT_INVARIANT(weights.size() == assets, "one weight per asset");
  bool any = false;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i])) throw InputError("weight " + std::to_string(i + 1) + " is not finite");
    any = any || weights[i] != 0;
  }
  if (!any) throw InputError("all weights are zero: there is no portfolio");
}

double entropy_of(const std::vector<double>& shares) {
  double entropy = 0;
  for (const double share : shares) entropy -= share > 0 ? share * std::log(share) : 0.0;
  return entropy;
}

}  // namespace

PortfolioRisk portfolio_risk(const Matrix& covariance, std::span<const double> weights) {
  check_weights(weights, covariance.size);
  const Spectrum spectrum = spectrum_of(covariance);
  if (spectrum.values.back() < -1e-9 * std::abs(spectrum.values.front())) {
    throw InputError("the covariance has the eigenvalue " + std::to_string(spectrum.values.back()) +
                     "; shares of risk need it positive semi-definite (nearest_psd)");
  }
  const Eigen::Map<const Eigen::VectorXd> w(weights.data(), static_cast<Eigen::Index>(weights.size()));
  const Eigen::VectorXd marginal = map_of(covariance) * w;
  const double variance = w.dot(marginal);
  if (!std::isfinite(variance))
    throw InputError("the portfolio's variance is not finite: its weights are too large");
  // rounding of a sum of terms that cancel
  const double nothing = 1e-14 * w.squaredNorm() * spectrum.values.front();
  if (!(variance > nothing)) throw InputError("the portfolio has no risk by this covariance");
  PortfolioRisk risk;
  risk.volatility = std::sqrt(variance);
  risk.modes = spectrum.values;
  double alone = 0, total = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    risk.by_asset.push_back(weights[i] * marginal(at) / variance);
    alone += std::abs(weights[i]) * std::sqrt(covariance(i, i));
    const double along = map_of(spectrum.vectors).row(at).dot(w);
    risk.by_mode.push_back(std::max(spectrum.values[i], 0.0) * along * along / variance);
    total += risk.by_mode.back();
  }
  for (double& share : risk.by_mode) share /= total;
  risk.effective_bets = std::exp(entropy_of(risk.by_mode));
  risk.diversification_ratio = alone / risk.volatility;
  return risk;
}

TailRisk normal_tail(double volatility, double level) {
  check_level(level);
  const double z = normal_quantile(level);
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  return {z * volatility, density * volatility / (1 - level)};
}

TailRisk historical_tail(std::vector<double> returns, double level) {
  check_level(level);
  if (returns.empty())
    throw InputError("no returns of the portfolio: no row has a value of every asset held");
  for (const double value : returns) {
    if (!std::isfinite(value)) throw InputError("a return of the portfolio is not finite");
  }
  std::ranges::sort(returns);
  const double tail = static_cast<double>(returns.size()) * (1 - level);
  // 100 · (1 − 0.99) is a little more than 1 in binary, and must count as 1
  const auto whole = std::min(static_cast<std::size_t>(tail + 1e-9), returns.size() - 1);
  double sum = 0;
  for (std::size_t i = 0; i < whole; ++i) sum += returns[i];
  sum += std::max(0.0, tail - static_cast<double>(whole)) * returns[whole];
  return {-returns[whole], -sum / tail};
}

}  // namespace regent::covariance
