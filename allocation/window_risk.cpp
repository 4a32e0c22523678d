#include "allocation/window_risk.hpp"

#include <cmath>

#include "base/error.hpp"
#include "covariance/sample.hpp"
#include "covariance/shrinkage.hpp"

namespace regent::allocation {
namespace {

covariance::Matrix estimated(Estimator estimator, const covariance::Observations& returns) {
  switch (estimator) {
    case Estimator::sample:
      return covariance::sample_covariance(returns, 1).covariance;
    case Estimator::ledoit_wolf:
      return covariance::ledoit_wolf_constant_correlation(returns).covariance;
    case Estimator::ledoit_wolf_identity:
      return covariance::ledoit_wolf_identity(returns).covariance;
    case Estimator::oas:
      return covariance::oracle_approximating(returns).covariance;
    case Estimator::ewma:
      break;
  }
  REGENT_INVARIANT(false, "a window has no exponential weights");
  return {};
}

}  // namespace

WindowRisk::WindowRisk(std::size_t symbols, Estimator estimator, std::size_t window)
    : symbols_(symbols), window_(window), estimator_(estimator) {
  REGENT_INVARIANT(symbols > 0 && window >= 2 && estimator != Estimator::ewma, "a window of returns");
}

void WindowRisk::update(std::span<const double> closes) {
  REGENT_INVARIANT(closes.size() == symbols_, "one close per symbol");
  if (closes_.size() == (window_ + 1) * symbols_) {
    closes_.erase(closes_.begin(), closes_.begin() + static_cast<std::ptrdiff_t>(symbols_));
  }
  closes_.insert(closes_.end(), closes.begin(), closes.end());
}

KnownRisk WindowRisk::known(const AllocatorSettings& settings) const {
  KnownRisk risk;
  risk.absent.assign(symbols_, Absence::few_returns);
  const std::size_t rows = closes_.size() / symbols_;
  if (rows <= window_) return risk;
  for (std::size_t i = 0; i < symbols_; ++i) {
    bool whole = true, moves = false;
    for (std::size_t row = 0; row < rows; ++row) {
      whole = whole && !std::isnan(closes_[row * symbols_ + i]);
      moves = moves || closes_[row * symbols_ + i] != closes_[i];
    }
    if (whole) risk.absent[i] = moves ? Absence::none : Absence::no_variance;
    if (whole && moves) risk.held.push_back(i);
  }
  if (risk.held.empty()) return risk;
  std::vector<double> returns;
  for (std::size_t row = 1; row < rows; ++row) {
    for (const std::size_t i : risk.held) {
      returns.push_back(std::log(closes_[row * symbols_ + i] / closes_[(row - 1) * symbols_ + i]));
    }
  }
  risk.covariance = estimated(estimator_, {returns, window_, risk.held.size()});
  risk.rows = static_cast<double>(window_);
  for (double& value : risk.covariance.values) value *= settings.periods_per_year;
  return settings.denoise ? denoised(std::move(risk)) : risk;
}

}  // namespace regent::allocation
