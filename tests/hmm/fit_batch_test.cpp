#include "hmm/fit_batch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "hmm/labels.hpp"
#include "tests/hmm/checks.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

// Series of 60 to 300 bars, some with gaps.
std::vector<std::vector<double>> ragged(int count, int dimension, int longest = 300) {
  std::vector<std::vector<double>> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(simulate(market_hierarchy(dimension), 60 + (i * 37) % (longest - 59), 100 + i).bars);
    for (std::size_t at = 0; i % 3 == 1 && at < all.back().size(); at += 17) all.back()[at] = std::nan("");
  }
  return all;
}

std::vector<Series> named(const std::vector<std::vector<double>>& all) {
  std::vector<Series> series;
  for (std::size_t i = 0; i < all.size(); ++i) series.push_back({"symbol_" + std::to_string(i), all[i]});
  return series;
}

FitSettings quick() {
  FitSettings settings;
  settings.macros = settings.micros = 2;
  settings.restarts = 2;
  settings.iterations_max = 25;
  return settings;
}

void expect_same(const FitOutcome& a, const FitOutcome& b) {
  ASSERT_EQ(a.result.has_value(), b.result.has_value()) << a.error << b.error;
  EXPECT_EQ(a.error, b.error);
  if (!a.result) return;
  EXPECT_EQ(a.result->log_likelihood, b.result->log_likelihood);
  EXPECT_EQ(a.result->restart_log_likelihoods, b.result->restart_log_likelihoods);
  EXPECT_EQ(a.result->iterations, b.result->iterations);
  EXPECT_EQ(a.result->model.means, b.result->model.means);
  EXPECT_EQ(a.result->model.covariances, b.result->model.covariances);
  EXPECT_EQ(a.result->model.micro_transition, b.result->model.micro_transition);
  EXPECT_EQ(a.result->model.macro_transition, b.result->model.macro_transition);
  EXPECT_EQ(a.result->model.micro_exit, b.result->model.micro_exit);
  EXPECT_EQ(a.result->model.labels, b.result->model.labels);
}

TEST(FitBatch, GivesEverySeriesTheBitsOfItsOwnFit) {
  const auto all = ragged(70, 2);
  const std::vector<std::string> features = market_hierarchy(2).features;
  const std::vector<FitOutcome> batch = fit_batch(cpu(), named(all), features, quick());
  ASSERT_EQ(batch.size(), 70U);
  for (std::size_t i = 0; i < all.size(); i += 9) {
    SCOPED_TRACE("series " + std::to_string(i));
    FitOutcome alone;
    alone.result = fit(cpu(), all[i], features, quick());
    expect_same(batch[i], alone);
    double own = 0;
    filter_series(batch[i].result->model, all[i], &own);
    EXPECT_NEAR(own, batch[i].result->log_likelihood, 1e-6 * std::abs(own));
  }
}

TEST(FitBatch, DoesNotDependOnThreadsOrInstructionSet) {
  auto all = ragged(40, 2);
  for (auto& series : ragged(8, 2, 2400)) all.push_back(std::move(series));
  all.push_back(simulate(market_hierarchy(2), 2400, 99).bars);  // of several windows
  const std::vector<std::string> features = market_hierarchy(2).features;
  const std::vector<FitOutcome> first = fit_batch(cpu(), named(all), features, quick());
  const tbb::global_control one_thread(tbb::global_control::max_allowed_parallelism, 1);
  const std::vector<FitOutcome> single = fit_batch(cpu(), named(all), features, quick());
  const std::vector<FitOutcome> narrow =
      fit_batch(cuda::Resources::make_cpu(cuda::InstructionSet::baseline), named(all), features, quick());
  for (std::size_t i = 0; i < all.size(); ++i) {
    expect_same(first[i], single[i]);
    expect_same(first[i], narrow[i]);
  }
}

// Series of one chunk and one window, which neither device cuts; so many lanes that it gets them, in several
// parts.
TEST(FitBatch, OnAGpuGivesShortSeriesTheCpusBits) {
  if (cuda::gpu_count() == 0) GTEST_SKIP() << "no GPU on this machine";
  const auto all = ragged(1100, 2);
  const std::vector<std::string> features = market_hierarchy(2).features;
  const std::vector<FitOutcome> on_gpu =
      fit_batch(cuda::Resources::make("cuda"), named(all), features, quick());
  const std::vector<FitOutcome> on_cpu = fit_batch(cpu(), named(all), features, quick());
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE("series " + std::to_string(i));
    expect_same(on_gpu[i], on_cpu[i]);
  }
}

TEST(FitBatch, OneNanSymbolAmongManyLeavesAllOthersBitIdentical) {
  auto all = ragged(300, 2);
  const std::vector<std::string> features{"market_return", "spread"};
  FitSettings settings = quick();
  settings.restarts = 1;
  const std::vector<FitOutcome> before = fit_batch(cpu(), named(all), features, settings);
  std::fill(all[7].begin(), all[7].end(), std::nan(""));                                 // nothing but NaN
  for (std::size_t t = 0; t < all[20].size() / 2; ++t) all[20][t * 2 + 1] = 3;           // a constant feature
  all[150][33 * 2] = INFINITY;                                                           // an infinite value
  all[201] = {0.1, 0.2};                                                                 // one bar
  all[202].clear();                                                                      // no bar
  all[203].pop_back();                                                                   // half a bar
  for (std::size_t t = 0; t < all[250].size() / 2; ++t) all[250][t * 2] = std::nan("");  // one feature absent
  const std::vector<FitOutcome> after = fit_batch(cpu(), named(all), features, settings);
  const std::vector<std::pair<int, std::vector<std::string>>> bad{
      {7, {"symbol_7:", "market_return", "no value"}},
      {20, {"symbol_20:", "spread", "constant"}},
      {150, {"symbol_150:", "market_return", "infinite", "bar 33"}},
      {201, {"symbol_201:", "constant"}},
      {202, {"symbol_202:", "no bar"}},
      {203, {"symbol_203:", "whole bars"}},
      {250, {"symbol_250:", "market_return", "no value"}}};
  for (const auto& [which, words] : bad) {
    EXPECT_FALSE(after[which].result);
    for (const std::string& word : words) EXPECT_THAT(after[which].error, testing::HasSubstr(word));
  }
  int compared = 0;
  for (int i = 0; i < 300; ++i) {
    if (std::any_of(bad.begin(), bad.end(), [i](const auto& one) { return one.first == i; })) continue;
    expect_same(before[i], after[i]);
    ++compared;
  }
  EXPECT_EQ(compared, 293);
}

TEST(FitBatch, MatchesEverySeriesToItsOwnPreviousFit) {
  const auto all = ragged(6, 2);
  const std::vector<std::string> features = market_hierarchy(2).features;
  const std::vector<FitOutcome> first = fit_batch(cpu(), named(all), features, quick());
  std::vector<Model> renamed;
  for (const FitOutcome& outcome : first) {
    renamed.push_back(reordered(outcome.result->model, {1, 0}, {{1, 0}, {0, 1}}));
    renamed.back().labels = {"storm", "lull"};
  }
  std::vector<const Model*> previous;
  for (const Model& model : renamed) previous.push_back(&model);
  previous[3] = nullptr;
  const std::vector<FitOutcome> again = fit_batch(cpu(), named(all), features, quick(), previous);
  for (int i = 0; i < 6; ++i) {
    if (i == 3) {
      expect_same(again[i], first[i]);
      continue;
    }
    EXPECT_EQ(again[i].result->model.labels, renamed[i].labels);
    EXPECT_GE(again[i].result->penalised_log_likelihood, first[i].result->penalised_log_likelihood - 1e-3);
  }
}

// The textbook's algorithm in double, nothing shared with the fit: one EM iteration of a flat Gaussian model
// of one feature.
struct Textbook {
  std::vector<double> start, transition, means, variances;
  double log_likelihood = 0;

  void iterate(const std::vector<double>& x) {
    const std::size_t k = start.size(), bars = x.size();
    std::vector<double> density(bars * k), alpha(bars * k), beta(bars * k, 1), scale(bars, 0);
    for (std::size_t t = 0; t < bars; ++t) {
      for (std::size_t i = 0; i < k; ++i) {
        density[t * k + i] =
            std::exp(-0.5 * std::pow(x[t] - means[i], 2) / variances[i]) / std::sqrt(2 * M_PI * variances[i]);
        double predicted = t == 0 ? start[i] : 0;
        for (std::size_t j = 0; j < k && t > 0; ++j)
          predicted += alpha[(t - 1) * k + j] * transition[j * k + i];
        alpha[t * k + i] = predicted * density[t * k + i];
        scale[t] += alpha[t * k + i];
      }
      for (std::size_t i = 0; i < k; ++i) alpha[t * k + i] /= scale[t];
    }
    log_likelihood = 0;
    for (double value : scale) log_likelihood += std::log(value);
    for (std::size_t t = bars - 1; t-- > 0;) {
      for (std::size_t i = 0; i < k; ++i) {
        beta[t * k + i] = 0;
        for (std::size_t j = 0; j < k; ++j) {
          beta[t * k + i] +=
              transition[i * k + j] * density[(t + 1) * k + j] * beta[(t + 1) * k + j] / scale[t + 1];
        }
      }
    }
    std::vector<double> moves(k * k, 0), weight(k, 0), first(k, 0), second(k, 0);
    for (std::size_t t = 0; t < bars; ++t) {
      for (std::size_t i = 0; i < k; ++i) {
        const double posterior = alpha[t * k + i] * beta[t * k + i];
        if (t == 0) start[i] = posterior;
        weight[i] += posterior;
        first[i] += posterior * x[t];
        for (std::size_t j = 0; j < k && t + 1 < bars; ++j) {
          moves[i * k + j] += alpha[t * k + i] * transition[i * k + j] * density[(t + 1) * k + j] *
                              beta[(t + 1) * k + j] / scale[t + 1];
        }
      }
    }
    for (std::size_t i = 0; i < k; ++i) {
      means[i] = first[i] / weight[i];
      for (std::size_t t = 0; t < bars; ++t)
        second[i] += alpha[t * k + i] * beta[t * k + i] * std::pow(x[t] - means[i], 2);
      variances[i] = second[i] / weight[i];
      double row = 0;
      for (std::size_t j = 0; j < k; ++j) row += moves[i * k + j];
      for (std::size_t j = 0; j < k; ++j) transition[i * k + j] = moves[i * k + j] / row;
    }
  }
};

TEST(Fit, FollowsTheTextbooksPathFromAGivenStartWithPriorsOff) {
  std::vector<double> bars;
  const Simulated data = simulate(market_hierarchy(1), 500, 47);
  for (double value : data.bars) bars.push_back(3 + 0.01 * value);
  Textbook book{{0.5, 0.3, 0.2}, {0.9, 0.05, 0.05, 0.1, 0.8, 0.1, 0.2, 0.1, 0.7}, {2.99, 3.0, 3.02}, {}};
  book.variances = {1e-4, 4e-4, 9e-4};
  FitSettings settings;
  settings.macros = 1;
  settings.micros = 3;
  settings.restarts = 0;
  settings.tolerance = settings.covariance_floor = settings.sticky = settings.inverse_wishart_strength = 0;
  settings.dirichlet = 1;
  Model start;
  start.features = {"x"};
  start.macros = 1;
  start.micros = 3;
  start.macro_start = start.macro_transition = {1};
  start.micro_start = book.start;
  start.micro_transition = book.transition;
  start.micro_exit = {0, 0, 0};
  start.means = book.means;
  start.covariances = book.variances;
  start.labels = {"regime_0"};
  settings.start = start;
  for (int steps = 1; steps <= 30; ++steps) {
    settings.iterations_max = steps;
    for (const bool in_double : {false, true}) {
      settings.double_precision = in_double;
      const FitResult result = fit(cpu(), bars, {"x"}, settings);
      const double close = in_double ? 1e-9 : 2e-3;
      EXPECT_EQ(result.iterations, steps);
      Textbook next = book;
      next.iterate(bars);
      EXPECT_NEAR(result.log_likelihood, next.log_likelihood, in_double ? 1e-8 : 1e-2) << steps << " steps";
      std::vector<int> order{0, 1, 2};  // the fit's labels: by volatility
      std::sort(order.begin(), order.end(),
                [&](int a, int b) { return book.variances[a] < book.variances[b]; });
      for (int k = 0; k < 3; ++k) {
        const int from = order[k];
        EXPECT_NEAR(result.model.means[k], book.means[from], close * 0.01);
        EXPECT_NEAR(result.model.covariances[k], book.variances[from], close * 1e-4);
        for (int to = 0; to < 3; ++to) {
          EXPECT_NEAR(result.model.micro_transition[k * 3 + to], book.transition[from * 3 + order[to]],
                      close);
        }
      }
    }
    book.iterate(bars);
  }
}

TEST(Fit, RefusesAStartOfAnotherShape) {
  FitSettings settings = quick();
  settings.start = market_hierarchy(2);
  const auto all = ragged(1, 2);
  EXPECT_THROW(fit(cpu(), all[0], market_hierarchy(2).features, settings), InputError);
  settings = quick();
  settings.restarts = 0;
  EXPECT_THROW(fit(cpu(), all[0], market_hierarchy(2).features, settings), InputError);
}

// A macro self-transition is a way of writing the same law: the first E-step sees the start model's
// likelihood.
TEST(Fit, BeginsAtTheLawOfTheStartModel) {
  Model start = market_hierarchy(3);
  start.macro_transition = {0.2, 0.5, 0.3, 0.3, 0.3, 0.4, 0.5, 0.4, 0.1};
  const Simulated data = simulate(start, 700, 53);
  FitSettings settings;
  settings.restarts = 0;
  settings.start = start;
  settings.iterations_max = 1;
  const FitResult result = fit(cpu(), data.bars, start.features, settings);
  double own = 0;
  filter_series(start, data.bars, &own);
  EXPECT_NEAR(result.log_likelihood, own, 1e-9 * std::abs(own));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(result.model.macro_transition[i * 3 + i], 0);
}

TEST(PooledFit, OfOneSeriesIsThatSeriesFit) {
  const auto all = ragged(1, 2);
  const std::vector<std::string> features = market_hierarchy(2).features;
  FitOutcome pooled, alone;
  pooled.result = fit_pooled(cpu(), named(all), features, quick());
  alone.result = fit(cpu(), all[0], features, quick());
  expect_same(pooled, alone);
}

TEST(PooledFit, HasTheLikelihoodOfAllSeriesWhateverTheirOrder) {
  auto all = ragged(45, 2);
  all.push_back({0.3, -0.2});  // a series of one bar
  const std::vector<std::string> features = market_hierarchy(2).features;
  const FitResult pooled = fit_pooled(cpu(), named(all), features, quick());
  double sum = 0;
  for (const auto& bars : all) {
    double own = 0;
    filter_series(pooled.model, bars, &own);
    sum += own;
  }
  EXPECT_NEAR(pooled.log_likelihood, sum, 1e-9 * std::abs(sum));
  std::reverse(all.begin(), all.end());
  std::swap(all[3], all[30]);
  FitOutcome a, b;
  a.result = pooled;
  b.result = fit_pooled(cpu(), named(all), features, quick());
  expect_same(a, b);
}

// One state: the pooled sample's own moments, which are not those of any one series.
TEST(PooledFit, OfOneStateHasTheMomentsOfAllBars) {
  const std::vector<std::vector<double>> all{{1, 2, 4, 3, 9}, {-3, 0, 5, 5}, {7}};
  FitSettings settings = quick();
  settings.macros = settings.micros = 1;
  settings.inverse_wishart_strength = 0;
  const FitResult pooled = fit_pooled(cpu(), named(all), {"x"}, settings);
  EXPECT_NEAR(pooled.model.means[0], 3.3, 1e-6);
  EXPECT_NEAR(pooled.model.covariances[0], 11.01, 1e-5);
}

TEST(PooledFit, NamesTheSeriesThatItCannotUse) {
  auto all = ragged(5, 2);
  all[2][9] = -INFINITY;
  try {
    fit_pooled(cpu(), named(all), {"market_return", "spread"}, quick());
    ADD_FAILURE() << "accepted an infinite value";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("symbol_2"), testing::HasSubstr("spread"),
                                             testing::HasSubstr("bar 4")));
  }
}

}  // namespace
}  // namespace regent::hmm
