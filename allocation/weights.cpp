#include "allocation/weights.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "allocation/correlated.hpp"
#include "base/error.hpp"
#include "covariance/maps.hpp"
#include "covariance/sample.hpp"

namespace regent::allocation {
namespace {

using Vector = Eigen::VectorXd;

// Volatility by one covariance.
class Risk {
 public:
  explicit Risk(const covariance::Matrix& covariance) : covariance_(covariance::map_of(covariance)) {}
  double volatility(const Vector& weights) const {
    const double variance = weights.dot(covariance_ * weights);
    // rounding of a sum of terms that cancel
    if (variance < -1e-9 * weights.squaredNorm() * covariance_.diagonal().maxCoeff()) {
      throw InputError("the covariance gives a portfolio the variance " + std::to_string(variance) +
                       "; it must be positive semi-definite");
    }
    return std::sqrt(std::max(0.0, variance));
  }
  double largest_variance() const { return covariance_.diagonal().maxCoeff(); }

 private:
  Eigen::MatrixXd covariance_;
};

void scale_to_budget(Vector& weights, const Risk& risk, double budget, double position_max) {
  const double raw = risk.volatility(weights);
  // A perfect hedge by the covariance's own word cannot be scaled to the budget: the caps decide alone.
  const double scale = raw > 1e-9 * weights.norm() * std::sqrt(risk.largest_variance())
                           ? budget / raw
                           : std::numeric_limits<double>::infinity();
  const double largest = weights.cwiseAbs().maxCoeff();
  // Beyond this factor every held symbol with any conviction worth the name is at its cap, and doubles stay
  // finite.
  weights *= std::min(scale, 1e6 * std::max(position_max, 1e-6) / largest);
}

void cut_correlated(Vector& weights, const covariance::Matrix& covariance, double from, Weights& out) {
  out.kept.assign(covariance.size, 1.0);
  if (from == 1) return;
  std::vector<double> exposures(covariance.size);
  for (std::size_t i = 0; i < covariance.size; ++i) {
    exposures[i] = weights(static_cast<Eigen::Index>(i)) * std::sqrt(covariance(i, i));
  }
  out.kept = kept_of_correlated(covariance::correlation_of(covariance), exposures, from);
  weights.array() *= Eigen::Map<const Eigen::ArrayXd>(out.kept.data(), weights.size());
}

void move_in_part(Vector& weights, std::span<const double> before, double penalty) {
  if (before.empty() || penalty == 0) return;
  const Eigen::Map<const Vector> from(before.data(), weights.size());
  weights = (weights + penalty * from) / (1 + penalty);
}

void cap(Vector& weights, const AllocatorSettings& settings, Weights& out) {
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    if (std::abs(weights(i)) > settings.position_max) {
      weights(i) = std::copysign(settings.position_max, weights(i));
      out.position_capped[static_cast<std::size_t>(i)] = 1;
    }
  }
  const double gross = weights.cwiseAbs().sum();
  if (gross > settings.gross_max) {
    weights *= settings.gross_max / gross;
    out.gross_capped = true;
  }
}

}  // namespace

void check_covariance(const covariance::Matrix& covariance) {
  for (std::size_t i = 0; i < covariance.size; ++i) {
    for (std::size_t j = 0; j < covariance.size; ++j) {
      const double value = covariance(i, j);
      if (std::isfinite(value) && (i != j || value > 0)) continue;
      throw InputError("the covariance's entry " + std::to_string(i + 1) + ", " + std::to_string(j + 1) +
                       " is " + std::to_string(value) +
                       "; weights need finite covariances and variances above 0");
    }
  }
}

const char* words_of(Absence absence) {
  switch (absence) {
    case Absence::few_returns:
      return "too few returns";
    case Absence::no_variance:
      return "its price does not move";
    case Absence::no_conviction:
      return "no conviction";
    case Absence::no_price:
      return "no price";
    case Absence::none:
      break;
  }
  return "";
}

double volatility_of(const covariance::Matrix& covariance, std::span<const double> weights) {
  return Risk(covariance)
      .volatility(Eigen::Map<const Vector>(weights.data(), static_cast<Eigen::Index>(weights.size())));
}

Weights weights_of(const covariance::Matrix& covariance, std::span<const double> raw, double budget,
                   std::span<const double> before, const AllocatorSettings& settings) {
  REGENT_INVARIANT(raw.size() == covariance.size && (before.empty() || before.size() == raw.size()),
                   "one raw exposure per asset");
  check_covariance(covariance);
  Weights out;
  out.position_capped.assign(raw.size(), 0);
  out.absent.assign(raw.size(), Absence::none);
  const Risk risk(covariance);
  Vector weights = Eigen::Map<const Vector>(raw.data(), static_cast<Eigen::Index>(raw.size()));
  if ((weights.array() != 0).any()) scale_to_budget(weights, risk, budget, settings.position_max);
  out.uncapped_volatility = risk.volatility(weights);
  cut_correlated(weights, covariance, settings.derisk_from, out);
  move_in_part(weights, before, settings.turnover_penalty);
  cap(weights, settings, out);
  const double capped = risk.volatility(weights);
  if (capped > budget) {
    weights *= budget / capped;
  }
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    weights(i) = std::clamp(weights(i), -settings.position_max, settings.position_max);
    REGENT_INVARIANT(std::isfinite(weights(i)), "a weight must be finite");
  }
  out.weights.assign(weights.begin(), weights.end());
  out.predicted_volatility = risk.volatility(weights);
  return out;
}

}  // namespace regent::allocation
