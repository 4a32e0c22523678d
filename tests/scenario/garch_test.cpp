// The volatility of a market that moves through regimes, as a filter sees it.

#include "scenario/garch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/error.hpp"
#include "cuda/scenario/scenario.hpp"

namespace regent::scenario {
namespace {

using cuda::scenario::Law;
using cuda::scenario::Task;
using cuda::scenario::VolatilityKind;

Market one_regime(std::vector<double> returns, double deviation) {
  return {.returns = std::move(returns),
          .start = {1},
          .transition = {1},
          .mean = {0},
          .deviation = {deviation},
          .shown = {1}};
}

// Log returns of one asset that is its own market, one path.
std::vector<double> engine_series(const Law& law, int steps, std::uint64_t seed) {
  Task task;
  task.law = &law;
  task.policy.target = {0};
  task.steps = steps;
  task.seed = seed;
  const auto kept = cuda::scenario::record(cuda::Resources::make("cpu"), task, 0, 1);
  return {kept.log_returns.begin(), kept.log_returns.end()};
}

// An asset without drift through regimes of these deviations.
Law one_asset(const std::vector<double>& deviations, const std::vector<double>& start,
              const std::vector<double>& transition) {
  Law law;
  law.assets = law.factors = 1;
  law.regimes = static_cast<int>(deviations.size());
  law.start = start;
  law.transition = transition;
  law.drift = law.idiosyncratic = std::vector<double>(deviations.size(), 0);
  law.loadings = deviations;
  return law;
}

double normal_density(double x, double deviation) {
  return std::exp(-0.5 * x * x / (deviation * deviation)) / (deviation * std::sqrt(2 * std::numbers::pi));
}

double student_density(double x, double deviation, double dof) {
  const double t = x / deviation * std::sqrt(dof / (dof - 2));
  return std::tgamma((dof + 1) / 2) / std::tgamma(dof / 2) / std::sqrt(dof * std::numbers::pi) *
         std::pow(1 + t * t / dof, -(dof + 1) / 2) * std::sqrt(dof / (dof - 2)) / deviation;
}

TEST(GarchFilter, IsTheSumOverAllPathsOfRegimesWhereVolatilityStands) {
  const std::vector<double> x{0.01, -0.02, 0.005, 0.06, -0.04, 0.03, 0.0};
  const Market market{.returns = x,
                      .start = {0.7, 0.3},
                      .transition = {0.9, 0.1, 0.25, 0.75},
                      .mean = {0.002, -0.004},
                      .deviation = {0.01, 0.03},
                      .shown = {1, 0.8}};
  for (const double dof : {0.0, 5.0}) {
    double sum = 0;
    for (unsigned path = 0; path < 1U << x.size(); ++path) {
      double p = 1;
      for (std::size_t bar = 0; bar < x.size(); ++bar) {
        const unsigned now = path >> bar & 1U, before = bar == 0 ? 0 : path >> (bar - 1) & 1U;
        p *= bar == 0 ? market.start[now] : market.transition[before * 2 + now];
        const double rest = x[bar] - market.mean[now], deviation = market.deviation[now];
        p *= dof == 0 ? normal_density(rest, deviation) : student_density(rest, deviation, dof);
      }
      sum += p;
    }
    const Filtered filtered = filter(market, {.dof = dof});
    EXPECT_NEAR(filtered.log_likelihood, std::log(sum), 1e-10) << "dof " << dof;
    EXPECT_EQ(filtered.variance, std::vector<double>(x.size() + 1, 1));
  }
}

TEST(GarchFilter, OfOneRegimeIsTheRecursionWithoutTheBarsOfJumps) {
  std::vector<double> x;
  for (int i = 0; i < 40; ++i) x.push_back(0.02 * ((i * 7 % 11) - 5));
  x[12] = -3;
  Market market = one_regime(x, 0.05);
  market.jumps.assign(x.size(), 0);
  market.jumps[12] = 1;
  market.jump_threshold = 3.5;
  const Filtered filtered = filter(
      market, {.alpha = 0.1, .gamma = 0.2, .beta = 0.6, .jump_share = 1.0 / 40, .jump_square = 3.5 * 3.5});
  EXPECT_NEAR(filtered.jump_square, 3.5 * 3.5, 1e-12);
  double v = 1, log_likelihood = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(filtered.variance[i], v, 1e-12) << i;
    const double square = i == 12 ? 3.5 * 3.5 * v : x[i] * x[i] / (0.05 * 0.05);
    if (i != 12) log_likelihood += std::log(normal_density(x[i], 0.05 * std::sqrt(v)));
    // one bar of forty drives v by 3.5² in the place of 1, and the mean stays 1
    v = 1 - 0.6 - 0.2 * (39 + 3.5 * 3.5) / 40 + 0.6 * v + (x[i] < 0 ? 0.3 : 0.1) * square;
  }
  EXPECT_NEAR(filtered.variance[x.size()], v, 1e-12);
  EXPECT_NEAR(filtered.log_likelihood, log_likelihood, 1e-10);
}

// Own shocks that are apart keep their variance when v moves.
TEST(GarchFilter, LeavesOwnShocksThatAreApartTheirVariance) {
  const double shown = 0.6, hidden = 0.8;
  Market market = one_regime({-1.5, 0.7, 2.0}, 1);
  market.shown = {shown};
  market.apart = true;
  const Garch garch{.alpha = 0.2, .beta = 0.5};
  const Filtered filtered = filter(market, garch);
  double v = 1, log_likelihood = 0;
  for (std::size_t bar = 0; bar < market.returns.size(); ++bar) {
    double density = 0, square = 0;
    for (double y = -12; y <= 12; y += 1e-3) {
      const double weight = normal_density(y, 1) *
                            normal_density(market.returns[bar] - shown * std::sqrt(v) * y, hidden) * 1e-3;
      density += weight;
      square += weight * y * y;
    }
    EXPECT_NEAR(filtered.variance[bar], v, 1e-4) << bar;
    log_likelihood += std::log(density);
    v = 0.3 + v * (0.5 + 0.2 * square / density);
  }
  EXPECT_NEAR(filtered.log_likelihood, log_likelihood, 1e-4);
}

// Of the law's own shocks y (what drives v) beside hidden ones, by their densities on a grid.
TEST(GarchFilter, KnowsOfTheDrivingShockWhatTheMarketShows) {
  const double shown = 0.6, hidden = 0.8, alpha = 0.1, gamma = 0.3, beta = 0.5;
  for (const double z : {-2.5, -0.4, 0.0, 1.7}) {
    Market market = one_regime({z, 0}, 1);
    market.shown = {shown};
    double weights = 0, sum = 0;
    for (double y = -12; y <= 12; y += 1e-3) {
      const double weight = normal_density(y, 1) * normal_density((z - shown * y) / hidden, 1);
      weights += weight;
      sum += weight * (alpha + (y < 0 ? gamma : 0)) * y * y;
    }
    const double expected = 1 - alpha - gamma / 2 - beta + beta + sum / weights;
    EXPECT_NEAR(filter(market, {.alpha = alpha, .gamma = gamma, .beta = beta}).variance[1], expected, 1e-4)
        << "shown " << z;
    // with a tail that both share: W² = (dof − 2)/χ², here over log χ²
    const double dof = 6;
    weights = sum = 0;
    for (double c = -9; c <= 7; c += 1e-3) {
      const double chi = std::exp(c), square = (dof - 2) / chi;
      const double weight = std::exp(0.5 * dof * c - 0.5 * chi) * normal_density(z, std::sqrt(square));
      weights += weight;
      sum += weight * (shown * shown * z * z + hidden * hidden * square);
    }
    const double tailed = 1 - alpha - beta + beta + alpha * sum / weights;
    EXPECT_NEAR(filter(market, {.alpha = alpha, .beta = beta, .dof = dof}).variance[1], tailed, 1e-4)
        << "shown " << z;
  }
}

TEST(Garch, FindsTheParametersThatMadeTheSeries) {
  Law law = one_asset({0.01}, {1}, {1});
  const Garch none = fit_garch(one_regime(engine_series(law, 3000, 2), 0.01));
  EXPECT_EQ(none.alpha + none.gamma + none.beta, 0);
  EXPECT_EQ(none.log_likelihood, none.constant_log_likelihood);
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.04, .gamma = 0.1, .beta = 0.85};
  law.dof = 6;
  const Garch garch = fit_garch(one_regime(engine_series(law, 8000, 2), 0.01));
  EXPECT_NEAR(garch.alpha, 0.04, 0.03);
  EXPECT_NEAR(garch.gamma, 0.1, 0.05);
  EXPECT_NEAR(garch.beta, 0.85, 0.05);
  EXPECT_NEAR(garch.dof, 6, 1.5);
  EXPECT_GT(garch.log_likelihood, garch.constant_log_likelihood + 50);
}

TEST(Garch, FindsWhatFallsDoBesideRegimesThatItDoesNotSee) {
  Law law = one_asset({0.006, 0.018}, {0.8, 0.2}, {0.99, 0.01, 0.04, 0.96});
  law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.01, .gamma = 0.12, .beta = 0.88};
  Market market{.returns = engine_series(law, 8000, 5),
                .start = law.start,
                .transition = law.transition,
                .mean = {0, 0},
                .deviation = law.loadings,
                .shown = {1, 1}};
  const Garch garch = fit_garch(market);
  EXPECT_NEAR(garch.alpha, 0.01, 0.02);
  EXPECT_NEAR(garch.gamma, 0.12, 0.05);
  EXPECT_NEAR(garch.beta, 0.88, 0.05);
  EXPECT_TRUE(garch.dof == 0 || garch.dof > 20) << garch.dof;
}

// x = s·√v·z: E[x·x'²] = −γ·2φ(0)·s³·E[v^1.5] and E|x|³ = 4φ(0)·s³·E[v^1.5], so that their ratio is −γ/2.
TEST(Garch, LetsFallsRaiseTheVolatilityOfDreamsByTheirClosedForm) {
  for (const double gamma : {0.0, 0.2}) {
    Law law = one_asset({0.01}, {1}, {1});
    law.volatility = {.kind = VolatilityKind::garch, .alpha = 0.1 - gamma / 2, .gamma = gamma, .beta = 0.7};
    const std::vector<double> x = engine_series(law, 400'000, 3);
    double product = 0, cubes = 0, squares = 0;
    for (std::size_t i = 0; i + 1 < x.size(); ++i) {
      product += x[i] * x[i + 1] * x[i + 1];
      cubes += std::pow(std::abs(x[i]), 3);
      squares += x[i] * x[i];
    }
    EXPECT_NEAR(product / cubes, -gamma / 2, 0.02) << "gamma " << gamma;
    EXPECT_NEAR(squares / static_cast<double>(x.size()), 1e-4, 2e-6) << "gamma " << gamma;
  }
}

TEST(Garch, RefusesAMarketThatCannotBeFitted) {
  const std::vector<double> few(29, 0.01), enough(40, 0.01);
  EXPECT_THROW(fit_garch(one_regime(few, 0.01)), InputError);
  EXPECT_THROW(fit_garch(one_regime(enough, 0)), InputError);
  std::vector<double> spoilt = enough;
  spoilt[7] = std::nan("");
  EXPECT_THROW(fit_garch(one_regime(spoilt, 0.01)), InputError);
}

}  // namespace
}  // namespace regent::scenario
