#include "allocation/reference_portfolios.hpp"

#include <cmath>
#include <numeric>
#include <string>

#include "allocation/weights.hpp"
#include "base/error.hpp"
#include "covariance/maps.hpp"

namespace regent::allocation {
namespace {

using Vector = Eigen::VectorXd;

constexpr int sweeps_max = 20'000;
constexpr double step_min = 1e-12;  // of the largest weight

std::vector<double> normalised(const Vector& weights) {
  const Vector shares = weights / weights.sum();
  return {shares.begin(), shares.end()};
}

// Sets one coordinate after the other to best(the other assets' part of (Σx)_i, Σ_ii) until none moves.
template <class Best>
std::vector<double> descend(const covariance::Matrix& covariance, Vector x, const char* what,
                            const Best& best) {
  const Eigen::MatrixXd sigma = covariance::map_of(covariance);
  Vector marginal = sigma * x;
  for (int sweep = 0; sweep < sweeps_max; ++sweep) {
    double moved = 0;
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      const double next = best(marginal(i) - sigma(i, i) * x(i), sigma(i, i));
      const double step = next - x(i);
      if (step == 0) continue;
      marginal += step * sigma.col(i);
      x(i) = next;
      moved = std::max(moved, std::abs(step));
    }
    if (moved <= step_min * x.maxCoeff()) return normalised(x);
  }
  throw Error(std::string(what) + " did not settle in " + std::to_string(sweeps_max) +
              " sweeps; the covariance may be singular: use a shrunk or denoised one");
}

}  // namespace

std::vector<double> inverse_variance(const covariance::Matrix& covariance) {
  check_covariance(covariance);
  Vector weights = covariance::map_of(covariance).diagonal().cwiseInverse();
  return normalised(weights);
}

std::vector<double> minimum_variance(const covariance::Matrix& covariance) {
  check_covariance(covariance);
  const Vector start = Vector::Constant(static_cast<Eigen::Index>(covariance.size), 0.0);
  return descend(covariance, start, "the minimum variance portfolio",
                 [](double others, double variance) { return std::max(0.0, (1 - others) / variance); });
}

std::vector<double> risk_parity(const covariance::Matrix& covariance) {
  check_covariance(covariance);
  const Vector start = covariance::map_of(covariance).diagonal().cwiseSqrt().cwiseInverse();
  const double budget = 1 / static_cast<double>(covariance.size);
  return descend(covariance, start, "the risk parity portfolio", [budget](double others, double variance) {
    return (std::sqrt(others * others + 4 * variance * budget) - others) / (2 * variance);
  });
}

}  // namespace regent::allocation
