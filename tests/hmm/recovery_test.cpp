// Series simulated from known hierarchies: the fit must find what is there. REGENT_SIMULATED_SERIES says how
// many (16 in the test suite; 200 is the full check, see docs/concepts/regimes.md).
#include <gtest/gtest.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "hmm/filter.hpp"
#include "hmm/fit_batch.hpp"
#include "hmm/labels.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

constexpr int bars_per_series = 4000;

int series_count() {
  const char* asked = std::getenv("REGENT_SIMULATED_SERIES");
  return asked == nullptr ? 16 : std::atoi(asked);
}

struct Case {
  Simulated truth;
  FitResult fit;
};

std::vector<Case> fitted(const Model& model, int count) {
  std::vector<Case> cases(count);
  tbb::parallel_for(0, count, [&](int i) { cases[i].truth = simulate(model, bars_per_series, i + 1); });
  std::vector<Series> series;
  for (int i = 0; i < count; ++i) series.push_back({"seed " + std::to_string(i + 1), cases[i].truth.bars});
  const std::vector<FitOutcome> outcomes =
      fit_batch(cuda::Resources::make("cpu"), series, model.features, FitSettings{});
  for (int i = 0; i < count; ++i) {
    if (!outcomes[i].result) throw std::runtime_error(outcomes[i].error);
    cases[i].fit = *outcomes[i].result;
  }
  return cases;
}

double macro_accuracy(const Model& model, const Simulated& truth) {
  Filter filter(model);
  const std::size_t dimension = model.features.size();
  int right = 0;
  for (std::size_t t = 0; t < truth.states.size(); ++t) {
    filter.update({&truth.bars[t * dimension], dimension});
    const auto macro = filter.macro_posterior();
    const auto likeliest = std::max_element(macro.begin(), macro.end()) - macro.begin();
    right += likeliest == truth.states[t] / model.micros ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(truth.states.size());
}

// Of each fitted series' accuracy over that of the true model.
struct Shares {
  double mean = 0, worst = 1e9;
  int below = 0;  // 0.95
};

Shares shares_of(const Model& model, const std::vector<Case>& cases) {
  std::vector<double> shares(cases.size());
  tbb::parallel_for(std::size_t{0}, cases.size(), [&](std::size_t i) {
    shares[i] = macro_accuracy(cases[i].fit.model, cases[i].truth) / macro_accuracy(model, cases[i].truth);
  });
  Shares result;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    result.mean += shares[i] / static_cast<double>(shares.size());
    result.worst = std::min(result.worst, shares[i]);
    result.below += shares[i] < 0.95 ? 1 : 0;
    if (shares[i] < 0.95) std::printf("  seed %zu: share %.4f of the true accuracy\n", i + 1, shares[i]);
  }
  std::printf("%zu series: mean %.4f, worst %.4f of the true model's accuracy, %d below 0.95\n",
              shares.size(), result.mean, result.worst, result.below);
  return result;
}

// Mean of z² over the parameters of states with at least 200 bars, z being the distance from the truth in
// standard errors as if the states had been seen; about 1 for a perfect fit of separate states.
struct Squares {
  double sum = 0;
  int count = 0;
  void add(double away, double error) {
    sum += away * away / (error * error);
    ++count;
  }
  double mean() const { return sum / count; }
};

struct Errors {
  Squares means, variances, transitions;
};

void add_errors(const Model& truth, const Case& one, Errors& errors) {
  std::vector<double> weights(9, 1), visits(9, 0);
  const Model fit = match_to_previous(one.fit.model, truth, weights);
  for (int state : one.truth.states) visits[state] += 1;
  const int d = truth.dimension();
  for (int k = 0; k < 9; ++k) {
    if (visits[k] < 200) continue;
    for (int i = 0; i < d; ++i) {
      const double variance = truth.covariances[(k * d + i) * d + i];
      errors.means.add(fit.means[k * d + i] - truth.means[k * d + i], std::sqrt(variance / visits[k]));
      errors.variances.add(fit.covariances[(k * d + i) * d + i] - variance,
                           variance * std::sqrt(2 / visits[k]));
    }
    for (int to = 0; to < 3; ++to) {
      const double p = truth.micro_transition[k * 3 + to];
      errors.transitions.add(fit.micro_transition[k * 3 + to] - p, std::sqrt(p * (1 - p) / visits[k]));
    }
  }
}

TEST(Recovery, DecodesRegimesAsWellAsTheTrueModelAndFindsItsParameters) {
  const Model model = market_hierarchy(4);
  const std::vector<Case> cases = fitted(model, series_count());
  const Shares shares = shares_of(model, cases);
  EXPECT_GE(shares.mean, 0.99);
  EXPECT_GE(shares.worst, 0.95);
  Errors errors;
  for (const Case& one : cases) add_errors(model, one, errors);
  std::printf("mean z² of means %.2f, variances %.2f, micro transitions %.2f\n", errors.means.mean(),
              errors.variances.mean(), errors.transitions.mean());
  EXPECT_LT(errors.means.mean(), 3);
  EXPECT_LT(errors.variances.mean(), 3);
  EXPECT_LT(errors.transitions.mean(), 3);
}

// States that lie over each other: the true model itself decodes only some 95 % of bars.
TEST(Recovery, DecodesOverlappingRegimesAlmostAsWellAsTheTrueModel) {
  Model model = market_hierarchy(4);
  for (double& value : model.covariances) value *= 3;
  const std::vector<Case> cases = fitted(model, series_count() / 2);
  EXPECT_GE(shares_of(model, cases).mean, 0.95);
}

}  // namespace
}  // namespace regent::hmm
