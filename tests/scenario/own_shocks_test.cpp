// What a panel shows of the assets' own shocks.

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "scenario/own_volatility.hpp"

namespace regent::scenario {
namespace {

// Two assets, one factor, two regimes; in the second one the first asset has nothing of its own.
struct Regime {
  double probability;
  std::array<double, 2> mean, shared, own;
};
constexpr Regime regimes[] = {{0.75, {0.001, -0.002}, {0.010, 0.008}, {0.012, 0.005}},
                              {0.25, {-0.004, 0.006}, {0.020, 0.015}, {0.0, 0.018}}};

cuda::scenario::Law law_of_regimes() {
  cuda::scenario::Law law;
  law.assets = 2;
  law.factors = 1;
  law.regimes = 2;
  law.transition = {0.9, 0.1, 0.3, 0.7};
  for (const Regime& regime : regimes) {
    law.start.push_back(regime.probability);
    for (int i = 0; i < 2; ++i) {
      const double square = regime.shared[i] * regime.shared[i] + regime.own[i] * regime.own[i];
      law.drift_of_variance.push_back(-0.5 * square);
      law.drift.push_back(regime.mean[i] + 0.5 * square);
      law.loadings.push_back(regime.shared[i]);
      law.idiosyncratic.push_back(regime.own[i]);
    }
  }
  return law;
}

// Of an asset's return what the other one's does not explain: the factor's part apart, its own shock.
struct Residual {
  double slope, deviation;
};
Residual residual_of(const Regime& regime, int i) {
  const auto square = [&](int j) {
    return regime.shared[j] * regime.shared[j] + regime.own[j] * regime.own[j];
  };
  const double covariance = regime.shared[0] * regime.shared[1];
  return {covariance / square(1 - i), std::sqrt(square(i) - covariance * covariance / square(1 - i))};
}

constexpr std::size_t bars = 50, jump = 17;

Returns returns_of_two() {
  Returns returns{.symbols = {"A", "B"}};
  for (std::size_t bar = 0; bar < bars; ++bar) {
    returns.timestamps_ms.push_back(static_cast<TimestampMs>(bar));
    returns.panel_bar.push_back(bar);
    const double size = bar == jump ? 30 : 1;
    returns.log_returns.push_back(size * 0.004 * (static_cast<double>(bar * 7 % 11) - 4.5));
    returns.log_returns.push_back(size * 0.003 * (static_cast<double>(bar * 5 % 13) - 6.5));
  }
  return returns;
}

TEST(OwnShocks, AreWhatTheOtherAssetsDoNotExplainAtUnitVarianceBesideJumps) {
  const Returns returns = returns_of_two();
  std::vector<double> weights;
  for (std::size_t bar = 0; bar < bars; ++bar) {
    const double first = static_cast<double>(bar % 5) / 4;
    weights.insert(weights.end(), {first, 1 - first});
  }
  std::vector<std::uint8_t> jumps(bars, 0);
  jumps[jump] = 1;
  const OwnShocks shocks = own_shocks(returns, jumps, weights, law_of_regimes());
  EXPECT_EQ(shocks.of_jump, jumps);
  for (int i = 0; i < 2; ++i) {
    std::vector<double> expected;
    double squares = 0, shown = 0;
    for (std::size_t bar = 0; bar < bars; ++bar) {
      const double* x = &returns.log_returns[bar * 2];
      double shock = 0;
      for (int k = 0; k < 2; ++k) {
        const Regime& regime = regimes[k];
        if (regime.own[i] == 0) continue;
        const Residual residual = residual_of(regime, i);
        const double other = x[1 - i] - regime.mean[1 - i];
        shock += weights[bar * 2 + k] * (x[i] - regime.mean[i] - residual.slope * other) / residual.deviation;
      }
      expected.push_back(shock);
      if (bar != jump) squares += shock * shock / (bars - 1);
    }
    for (const Regime& regime : regimes)
      shown += regime.probability * std::pow(regime.own[i] / residual_of(regime, i).deviation, 2);
    EXPECT_NEAR(shocks.shown[i], std::sqrt(shown), 1e-8) << "asset " << i;
    for (std::size_t bar = 0; bar < bars; ++bar)
      EXPECT_NEAR(shocks.of(i)[bar], expected[bar] / std::sqrt(squares), 1e-7) << bar << ", asset " << i;
  }
}

}  // namespace
}  // namespace regent::scenario
