#include "scenario/own_volatility.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/normal.hpp"
#include "scenario/simplex.hpp"

namespace regent::scenario {
namespace {

using cuda::scenario::Law;
using cuda::scenario::OwnVolatility;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::Index;

constexpr double shown_min = 0.1, worth = 2, jump_size_max = 3;
constexpr std::size_t assets_looked_at = 32;

// What a regime's law says of the own shocks of a bar, linear in the returns.
struct Estimate {
  Rows of_returns;        // [assets, assets], unit variance in the regime; 0 where nothing is own
  Eigen::VectorXd mean;   // [assets] of the returns
  Eigen::VectorXd shown;  // [assets]
};

Estimate estimate_of(const Law& law, int regime) {
  const Index n = law.assets, f = law.factors, at = static_cast<Index>(regime) * n;
  const Eigen::Map<const Rows> loadings(law.loadings.data() + at * f, n, f);
  const Eigen::VectorXd own = Eigen::Map<const Eigen::VectorXd>(law.idiosyncratic.data() + at, n).cwiseAbs2();
  Rows covariance = loadings * loadings.transpose();
  covariance.diagonal() += own;
  // a little more than nothing, so that a covariance without full rank has an inverse
  covariance.diagonal() *= 1 + 1e-10;
  Estimate estimate;
  estimate.of_returns = own.asDiagonal() * Rows(covariance.llt().solve(Rows::Identity(n, n)));
  estimate.mean = Eigen::Map<const Eigen::VectorXd>(law.drift.data() + at, n) +
                  Eigen::Map<const Eigen::VectorXd>(law.drift_of_variance.data() + at, n);
  const Eigen::VectorXd variance = estimate.of_returns.diagonal().cwiseProduct(own).cwiseMax(0);
  estimate.shown = Eigen::VectorXd::Zero(n);
  for (Index i = 0; i < n; ++i) {
    const bool shows = own(i) > 0 && variance(i) > 0;
    if (shows) estimate.shown(i) = std::min(1.0, std::sqrt(variance(i) / own(i)));
    estimate.of_returns.row(i) *= shows ? 1 / std::sqrt(variance(i)) : 0;
  }
  return estimate;
}

// Unit variance over the bars without jumps.
void scale(std::span<double> shocks, const std::vector<std::uint8_t>& of_jump) {
  double squares = 0, count = 0;
  for (std::size_t bar = 0; bar < shocks.size(); ++bar) {
    if (of_jump[bar] != 0) continue;
    squares += shocks[bar] * shocks[bar];
    count += 1;
  }
  if (!(squares > 0)) return;
  const double factor = std::sqrt(count / squares);
  for (double& shock : shocks) shock *= factor;
}

// A Student-t of unit variance: its density, and the size of the normal at the same probability.
class Seen {
 public:
  explicit Seen(double dof)
      : dof_(dof),
        constant_(std::lgamma((dof + 1) / 2) - std::lgamma(dof / 2) -
                  0.5 * std::log(std::numbers::pi * (dof - 2))),
        wallace_((8 * dof + 1) / (8 * dof + 3)) {}
  double log_density(double logarithm) const { return constant_ - 0.5 * (dof_ + 1) * logarithm; }
  double normal_size(double logarithm) const { return wallace_ * std::sqrt(dof_ * logarithm); }
  double logarithm(double shock) const { return std::log1p(shock * shock / (dof_ - 2)); }

 private:
  double dof_, constant_, wallace_;
};

// E|y| of a normal y with this mean >= 0 and variance.
double mean_size(double mean, double variance) {
  if (variance < 1e-6 || mean * mean > 50 * variance) return mean;
  const double deviation = std::sqrt(variance), at = mean / deviation;
  return mean * std::erf(at / std::numbers::sqrt2) +
         2 * deviation * std::exp(-0.5 * at * at) / std::sqrt(2 * std::numbers::pi);
}

std::vector<std::size_t> looked_at(const OwnShocks& shocks) {
  std::vector<std::size_t> all, chosen;
  for (std::size_t i = 0; i < shocks.shown.size(); ++i) {
    if (shocks.shown[i] > shown_min) all.push_back(i);
  }
  const std::size_t step = std::max<std::size_t>(1, (all.size() + assets_looked_at - 1) / assets_looked_at);
  for (std::size_t i = 0; i < all.size(); i += step) chosen.push_back(all[i]);
  return chosen;
}

// The best log-likelihood of the shocks with fixed variances [bars], and its degrees of freedom.
OwnVolatilityFit with_variances(const OwnShocks& shocks, const std::vector<std::size_t>& assets,
                                const std::vector<double>& variance) {
  OwnVolatilityFit best;
  best.log_likelihood = -HUGE_VAL;
  for (double excess = 0.2; excess < 200; excess *= 1.2) {
    const Seen seen(2 + excess);
    double sum = 0;
    for (const std::size_t i : assets) {
      for (std::size_t bar = 0; bar < shocks.bars; ++bar) {
        if (shocks.of_jump[bar] != 0) continue;
        sum += seen.log_density(seen.logarithm(shocks.of(i)[bar] / std::sqrt(variance[bar]))) -
               0.5 * std::log(variance[bar]);
      }
    }
    if (sum < best.log_likelihood) break;  // it has one maximum
    best.log_likelihood = sum;
    best.dof = 2 + excess;
  }
  return best;
}

// Free numbers → persistence in (0, 0.9999), response > 0, dof > 2.
using OwnPoint = std::array<double, 3>;
OwnVolatilityFit own_parameters_of(const OwnPoint& p) {
  OwnVolatilityFit fit;
  fit.volatility = {.apart = true, .persistence = 0.9999 / (1 + std::exp(-p[0])), .response = std::exp(p[1])};
  fit.dof = 2 + std::exp(p[2]);
  return fit;
}

}  // namespace

OwnShocks own_shocks(const Returns& returns, const std::vector<std::uint8_t>& of_market,
                     const std::vector<double>& weights, const Law& law) {
  const auto n = static_cast<Index>(returns.assets()), bars = static_cast<Index>(returns.bars());
  const Eigen::Map<const Rows> x(returns.log_returns.data(), bars, n);
  const Eigen::Map<const Rows> weight(weights.data(), bars, law.regimes);
  Eigen::VectorXd variance = Eigen::VectorXd::Zero(n);
  Rows shocks = Rows::Zero(n, bars);
  for (int k = 0; k < law.regimes; ++k) {
    const Estimate estimate = estimate_of(law, k);
    variance += law.start[k] * estimate.shown.cwiseAbs2();
    const Rows centred = (x.rowwise() - estimate.mean.transpose()).transpose();
    shocks += estimate.of_returns * centred * weight.col(k).asDiagonal();
  }
  OwnShocks result{.bars = returns.bars(), .values = {shocks.data(), shocks.data() + n * bars}};
  result.of_jump = of_market;
  for (Index i = 0; i < n; ++i) {
    result.shown.push_back(std::sqrt(variance(i)));
    scale(std::span(result.values).subspan(static_cast<std::size_t>(i) * result.bars, result.bars),
          of_market);
  }
  return result;
}

OwnFiltered filter_own(std::span<const double> shocks, double shown, const std::vector<std::uint8_t>& of_jump,
                       const OwnVolatility& volatility, double dof) {
  const Seen seen(dof);
  const double square = shown * shown, mean = log_mean_of(volatility);
  OwnFiltered result;
  result.variance.reserve(shocks.size() + 1);
  double log_variance = 0;  // of mean 0 where u has its mean
  for (std::size_t bar = 0; bar < shocks.size(); ++bar) {
    const double u = std::exp(log_variance - mean), scale = square * u + 1 - square;
    const double logarithm = seen.logarithm(shocks[bar] / std::sqrt(scale)), share = square * u / scale;
    double size = seen.normal_size(logarithm);
    if (of_jump[bar] != 0) {
      size = std::min(size, jump_size_max);
    } else {
      result.log_likelihood += seen.log_density(logarithm) - 0.5 * std::log(scale);
    }
    result.variance.push_back(u);
    log_variance = volatility.persistence * log_variance +
                   volatility.response * (mean_size(std::sqrt(share) * size, 1 - share) - normal_size_mean);
  }
  result.variance.push_back(std::exp(log_variance - mean));
  return result;
}

OwnVolatilityFit fit_own_volatility(const OwnShocks& shocks, const std::vector<double>& variance) {
  const std::vector<std::size_t> assets = looked_at(shocks);
  if (assets.empty()) return {};
  const OwnVolatilityFit constant = with_variances(shocks, assets, std::vector<double>(shocks.bars, 1));
  const OwnVolatilityFit market = with_variances(shocks, assets, variance);
  const auto likelihood = [&](const OwnVolatilityFit& fit) {
    double sum = 0;
    for (const std::size_t i : assets)
      sum +=
          filter_own(shocks.of(i), shocks.shown[i], shocks.of_jump, fit.volatility, fit.dof).log_likelihood;
    return sum;
  };
  const OwnPoint start{4, -2.5, std::log(std::max(constant.dof - 2, 0.5))};
  OwnVolatilityFit moving = own_parameters_of(nelder_mead(start, [&](const OwnPoint& p) {
    return std::abs(p[0]) > 12 || std::abs(p[1]) > 6 || std::abs(p[2]) > 6
               ? HUGE_VAL
               : -likelihood(own_parameters_of(p));
  }));
  moving.log_likelihood = likelihood(moving);
  OwnVolatilityFit best = market;
  if (constant.log_likelihood > market.log_likelihood) {
    best = constant;
    best.volatility.apart = true;
  }
  if (moving.log_likelihood > best.log_likelihood + worth) best = moving;
  best.constant_log_likelihood = constant.log_likelihood;
  best.market_log_likelihood = market.log_likelihood;
  return best;
}

}  // namespace regent::scenario
