#include "hmm/inference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "hmm/log_density.hpp"
#include "hmm/log_passes.hpp"
#include "tests/cuda/hmm/reference.hpp"
#include "tests/hmm/checks.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

namespace reference = cuda::hmm::reference;
using testing::AllOf;
using testing::HasSubstr;

constexpr double inf = INFINITY;
const double nan_value = std::nan("");

Model model_of(const reference::Hierarchy& h) {
  Model model;
  model.macros = h.macros;
  model.micros = h.micros;
  model.macro_start = h.macro_start;
  model.macro_transition = h.macro_transition;
  model.micro_start = h.micro_start;
  model.micro_transition = h.micro_transition;
  model.micro_exit = h.micro_exit;
  for (int d = 0; d < h.dimension; ++d) model.features.push_back("x" + std::to_string(d));
  model.means = h.means;
  model.covariances = h.covariances;
  for (int i = 0; i < h.macros; ++i) model.labels.push_back("regime_" + std::to_string(i));
  return model;
}

Model flat(std::vector<double> start, std::vector<double> transition) {
  Model model;
  model.macros = 1;
  model.micros = static_cast<int>(start.size());
  model.macro_start = {1};
  model.macro_transition = {0};
  model.micro_exit.assign(start.size(), 0);
  model.micro_start = std::move(start);
  model.micro_transition = std::move(transition);
  model.labels = {"regime_0"};
  return model;
}

SeriesBatch tables(std::vector<std::span<const double>> series) {
  return {SeriesBatch::Kind::emission_table, std::move(series), {}};
}
SeriesBatch observations(std::vector<std::span<const double>> series) {
  return {SeriesBatch::Kind::observations, std::move(series), {}};
}

std::string complaint(const std::function<void()>& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

// Russell & Norvig, Artificial Intelligence (2010), 15.2: umbrella yes, yes, no, yes, yes.
TEST(Inference, GivesTheUmbrellaWorldsPublishedAnswers) {
  const Model rain = flat({0.5, 0.5}, {0.7, 0.3, 0.3, 0.7});
  std::vector<double> table;
  for (const bool umbrella : {true, true, false, true, true}) {
    table.push_back(std::log(umbrella ? 0.9 : 0.1));
    table.push_back(std::log(umbrella ? 0.2 : 0.8));
  }
  const std::vector<Model> models{rain};
  const SeriesBatch batch = tables({table});
  EXPECT_NEAR(log_likelihoods(cpu(), models, batch)[0], -3.3725020443, 5e-11);
  const Posteriors smoothed = smoothed_posteriors(cpu(), models, batch);
  const double published[] = {0.8673, 0.8204, 0.3075, 0.8204, 0.8673};
  for (int t = 0; t < 5; ++t) EXPECT_NEAR(smoothed.probability[0][t * 2], published[t], 5e-5) << t;
  EXPECT_NEAR(smoothed.log_likelihood[0], -3.3725020443, 5e-11);
  const Posteriors filtered = filtered_posteriors(cpu(), models, batch);
  EXPECT_NEAR(filtered.probability[0][0], 0.8182, 5e-5);  // after the first umbrella
  EXPECT_NEAR(filtered.probability[0][2], 0.8834, 5e-5);  // after the second
  EXPECT_EQ(most_probable_paths(cpu(), models, batch).states[0], (std::vector<int>{0, 0, 1, 0, 0}));
}

TEST(Inference, DecodesTheThreeSymbolChain) {
  const std::vector<Model> models{flat({0.6, 0.4}, {0.7, 0.3, 0.4, 0.6})};
  const double symbols[2][3] = {{0.1, 0.4, 0.5}, {0.6, 0.3, 0.1}};
  std::vector<double> table;
  for (int symbol = 0; symbol < 3; ++symbol) {
    for (int k = 0; k < 2; ++k) table.push_back(std::log(symbols[k][symbol]));
  }
  for (const Precision precision : {Precision::double_, Precision::single}) {
    const Paths paths = most_probable_paths(cpu(), models, tables({table}), precision);
    EXPECT_EQ(paths.states[0], (std::vector<int>{1, 0, 0}));
    EXPECT_NEAR(std::exp(paths.log_probability[0]), 0.01344, precision == Precision::single ? 1e-8 : 1e-15);
  }
}

// Ragged series, missing values, length 1, a model each; every path of each summed by hand.
TEST(Inference, EqualsEveryPathSummedByHandOnRaggedSeries) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    reference::Generator generator(seed);
    const int macros = generator.integer(1, 2), micros = generator.integer(1, 2), dimension = 2;
    std::vector<Model> models;
    std::vector<std::vector<double>> series;
    std::vector<reference::Answers> answers;
    for (int i = 0; i < 5; ++i) {
      const reference::Hierarchy h = generator.hierarchy(macros, micros, dimension, seed % 2 == 0);
      series.push_back(generator.series(h, i == 0 ? 1 : generator.integer(2, 6), 0.3));
      models.push_back(model_of(h));
      answers.push_back(reference::enumerate(reference::flat_start(h), reference::flat_transition(h),
                                             reference::log_densities(h, series.back()), h.states()));
    }
    const SeriesBatch batch = observations({series.begin(), series.end()});
    for (const Precision precision : {Precision::double_, Precision::single}) {
      const double tolerance = precision == Precision::single ? 2e-5 : 1e-10;
      const auto scores = log_likelihoods(cpu(), models, batch, precision);
      const auto filtered = filtered_posteriors(cpu(), models, batch, precision);
      const auto smoothed = smoothed_posteriors(cpu(), models, batch, precision);
      const auto paths = most_probable_paths(cpu(), models, batch, precision);
      for (std::size_t i = 0; i < series.size(); ++i) {
        const double scale = 1 + std::abs(answers[i].log_likelihood);
        EXPECT_NEAR(scores[i], answers[i].log_likelihood, tolerance * scale);
        EXPECT_NEAR(paths.log_probability[i], answers[i].best_log_probability, tolerance * scale);
        ASSERT_EQ(filtered.probability[i].size(), answers[i].filtered.size());
        for (std::size_t at = 0; at < answers[i].filtered.size(); ++at) {
          EXPECT_NEAR(filtered.probability[i][at], answers[i].filtered[at], tolerance);
          EXPECT_NEAR(smoothed.probability[i][at], answers[i].posteriors[at], tolerance);
        }
        if (precision == Precision::double_) {
          EXPECT_EQ(paths.states[i], answers[i].best_path);
        }
      }
    }
  }
}

TEST(Inference, HierarchyEqualsItsFlattenedModel) {
  Model hierarchy = market_hierarchy(3);
  hierarchy.macro_transition = {0.5, 0.3, 0.2, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4};  // macro self-transitions too
  Model flattened = flat(hierarchy.flat_start(), hierarchy.flat_transition());
  flattened.features = hierarchy.features;
  flattened.means = hierarchy.means;
  flattened.covariances = hierarchy.covariances;
  const std::vector<double> bars = simulate(hierarchy, 2000, 7).bars;
  const std::vector<Model> one{hierarchy}, other{flattened};
  const auto a = smoothed_posteriors(cpu(), one, observations({bars}));
  const auto b = smoothed_posteriors(cpu(), other, observations({bars}));
  EXPECT_NEAR(a.log_likelihood[0], b.log_likelihood[0], 1e-10 * std::abs(b.log_likelihood[0]));
  for (std::size_t i = 0; i < a.probability[0].size(); ++i) {
    ASSERT_NEAR(a.probability[0][i], b.probability[0][i], 1e-10) << i;
  }
  const auto p = most_probable_paths(cpu(), one, observations({bars}));
  const auto q = most_probable_paths(cpu(), other, observations({bars}));
  EXPECT_EQ(p.states, q.states);
  EXPECT_NEAR(p.log_probability[0], q.log_probability[0], 1e-10 * std::abs(q.log_probability[0]));
}

TEST(Inference, FilteredPosteriorsAreThoseOfTheLiveFilter) {
  const std::vector<Model> models{market_hierarchy(2)};
  const std::vector<double> bars = simulate(models[0], 300, 11).bars;
  double log_likelihood = 0;
  const std::vector<double> live = filter_series(models[0], bars, &log_likelihood);
  const auto batch = filtered_posteriors(cpu(), models, observations({bars}));
  EXPECT_EQ(batch.probability[0], live);
  EXPECT_EQ(batch.log_likelihood[0], log_likelihood);
}

// More series than one block of lanes, of different lengths, in another order.
TEST(Inference, DoesNotDependOnNeighboursOrOrder) {
  const std::vector<Model> models{market_hierarchy(2)};
  const std::vector<double> bars = simulate(models[0], 200, 5).bars;
  std::vector<std::span<const double>> forwards, backwards;
  for (std::size_t i = 0; i < 70; ++i) forwards.push_back(std::span(bars).first(2 * (1 + 2 * i)));
  backwards.assign(forwards.rbegin(), forwards.rend());
  const auto a = smoothed_posteriors(cpu(), models, observations(forwards));
  const auto b = smoothed_posteriors(cpu(), models, observations(backwards));
  for (std::size_t i = 0; i < 70; ++i) {
    ASSERT_EQ(a.probability[i], b.probability[69 - i]) << i;
    ASSERT_EQ(a.log_likelihood[i], b.log_likelihood[69 - i]) << i;
    ASSERT_EQ(a.probability[i],
              smoothed_posteriors(cpu(), models, observations({forwards[i]})).probability[0]);
  }
}

TEST(Inference, SaysWhatIsImpossibleAndInventsNothing) {
  const std::vector<Model> models{flat({1, 0}, {1, 0, 0, 1})};  // never leaves state 0
  const std::vector<double> table{0, 0, -inf, 0, 0, 0};         // bar 1 cannot come from state 0
  for (const Precision precision : {Precision::double_, Precision::single}) {
    EXPECT_EQ(log_likelihoods(cpu(), models, tables({table}), precision)[0], -inf);
    const auto filtered = filtered_posteriors(cpu(), models, tables({table}), precision);
    EXPECT_EQ(filtered.probability[0][0], 1);
    for (int at = 2; at < 6; ++at)
      EXPECT_TRUE(std::isnan(filtered.probability[0][at])) << at << " " << filtered.probability[0][at];
    const auto smoothed = smoothed_posteriors(cpu(), models, tables({table}), precision);
    for (const double p : smoothed.probability[0]) EXPECT_TRUE(std::isnan(p));
    const auto paths = most_probable_paths(cpu(), models, tables({table}), precision);
    EXPECT_EQ(paths.log_probability[0], -inf);
    EXPECT_EQ(paths.states[0], (std::vector<int>{-1, -1, -1}));
  }
}

TEST(Inference, DecodesBarsThatCostMoreThanAnImpossibleMove) {
  std::vector<Model> models{flat({1, 0}, {0.9, 0.1, 0, 1})};
  models[0].features = {"x"};
  models[0].means = {0, 1};
  models[0].covariances = {100, 100};  // 5e29 nats a bar
  const std::vector<double> series(5, 1e16);
  for (const Precision precision : {Precision::double_, Precision::single}) {
    const auto scored = log_likelihoods(cpu(), models, observations({series}), precision);
    const auto paths = most_probable_paths(cpu(), models, observations({series}), precision);
    EXPECT_LT(paths.log_probability[0], -1e30);
    EXPECT_NEAR(paths.log_probability[0] / scored[0], 1, 1e-6);
    ASSERT_EQ(paths.states[0].size(), 5U);
    for (const int k : paths.states[0]) EXPECT_GE(k, 0);
  }
}

TEST(Inference, DecodesNoForbiddenMoveHoweverDearTheAllowedOnesAre) {
  const std::vector<Model> models{flat({1, 0}, {1, 0, 0, 1})};  // never leaves state 0
  const std::vector<double> table{0, 0, -3e30, 0, 0, 0};
  for (const Precision precision : {Precision::double_, Precision::single}) {
    const auto paths = most_probable_paths(cpu(), models, tables({table}), precision);
    EXPECT_EQ(paths.log_probability[0], -3e30);
    EXPECT_EQ(paths.states[0], (std::vector<int>{0, 0, 0}));
  }
}

TEST(Inference, FindsInDoubleThePathThatFloatLoses) {
  const std::vector<Model> models{flat({1, 0}, {1 - 1e-50, 1e-50, 0, 1})};
  const std::vector<double> table{0, -inf, -inf, 0};  // the switch of 1e-50 is certain
  EXPECT_NEAR(log_likelihoods(cpu(), models, tables({table}), Precision::single)[0], -50 * std::log(10),
              1e-9);
  EXPECT_EQ(smoothed_posteriors(cpu(), models, tables({table}), Precision::single).probability[0],
            (std::vector<double>{1, 0, 0, 1}));
  EXPECT_EQ(most_probable_paths(cpu(), models, tables({table}), Precision::single).states[0],
            (std::vector<int>{0, 1}));
}

TEST(Inference, KeepsTheDigitsOfLargeEmissionLogLikelihoodsInFloat) {
  const std::vector<Model> models{flat({0.5, 0.5}, {0.7, 0.3, 0.3, 0.7})};
  const std::vector<double> near{-0.1, -0.4, -0.9, -0.2}, far{-1e7 - 0.1, -1e7 - 0.4, 1e7 - 0.9, 1e7 - 0.2};
  const auto a = filtered_posteriors(cpu(), models, tables({near}), Precision::single);
  const auto b = filtered_posteriors(cpu(), models, tables({far}), Precision::single);
  EXPECT_NEAR(a.log_likelihood[0], b.log_likelihood[0], 1e-6);
  for (int at = 0; at < 4; ++at) EXPECT_NEAR(a.probability[0][at], b.probability[0][at], 1e-6);
}

TEST(Inference, TakesARowOfMissingLogLikelihoodsAsAMissingBar) {
  const std::vector<Model> models{flat({1, 0}, {0.7, 0.3, 0.3, 0.7})};
  const std::vector<double> table{0, 0, nan_value, nan_value};
  const auto filtered = filtered_posteriors(cpu(), models, tables({table}));
  EXPECT_NEAR(filtered.probability[0][2], 0.7, 1e-15);
  EXPECT_NEAR(filtered.log_likelihood[0], 0, 1e-15);
}

TEST(Inference, NamesSeriesBarAndFeatureOfWhatCannotBeUsed) {
  Model model = market_hierarchy(2);
  const std::vector<Model> models{model}, two{model, model};
  const std::vector<double> good{0, 0, 0, 0}, infinite{0, 0, 0, inf}, odd{0, 0, 0}, none;
  SeriesBatch batch = observations({good, infinite});
  batch.names = {"AAPL", "MSFT"};
  EXPECT_THAT(complaint([&] { log_likelihoods(cpu(), models, batch); }),
              AllOf(HasSubstr("MSFT, bar 1"), HasSubstr("feature_1 is infinite")));
  EXPECT_THAT(complaint([&] { log_likelihoods(cpu(), models, observations({odd})); }),
              HasSubstr("series 0: 3 values are not one bar or more of 2"));
  EXPECT_THAT(complaint([&] { log_likelihoods(cpu(), models, observations({none})); }),
              HasSubstr("series 0"));
  EXPECT_THAT(complaint([&] { log_likelihoods(cpu(), two, observations({good})); }),
              HasSubstr("2 models for 1 series"));
  const std::vector<double> part(9, nan_value);
  std::vector<double> partly = part;
  partly[3] = 0;
  EXPECT_THAT(complaint([&] {
                log_likelihoods(cpu(), models, tables({part, partly}));
              }),
              HasSubstr("series 1, bar 0"));
  const std::vector<double> certain(9, inf);
  EXPECT_THAT(complaint([&] { log_likelihoods(cpu(), models, tables({certain})); }), HasSubstr("below +inf"));
  model.means[3] = nan_value;
  const std::vector<Model> broken{model};
  EXPECT_THAT(complaint([&] { log_likelihoods(cpu(), broken, observations({good})); }), HasSubstr("means"));
}

TEST(Inference, SumsMicroStatesIntoMacroRegimes) {
  const Model model = market_hierarchy(1);
  std::vector<double> p(9, 0);
  p[0] = 0.25, p[2] = 0.25, p[8] = 0.5;
  EXPECT_EQ(macro_probability(model, p), (std::vector<double>{0.5, 0, 0.5}));
}

// A series too long for one lane, beside the filter bar by bar and the smoother in logs. `forgets`: whether
// the states' persistence leaves a piece of time no trace of how it began.
void expect_pieces_to_equal_the_whole(bool forgets) {
  Model model = market_hierarchy(2);
  if (!forgets) {
    for (double& exit : model.micro_exit) exit = 1e-6;
    model.micro_transition = {0.999998, 1e-6, 1e-6, 1e-6, 0.999998, 1e-6, 1e-6, 1e-6, 0.999998};
    for (int i = 1; i < 3; ++i)
      model.micro_transition.insert(model.micro_transition.end(), model.micro_transition.begin(),
                                    model.micro_transition.begin() + 9);
    for (double& mean : model.means) mean *= 0.02;  // and bars say little
  }
  std::vector<double> bars = simulate(model, static_cast<int>(whole_bars_max) + 1001, 7).bars;
  std::fill(bars.begin() + 5000, bars.begin() + 9000, nan_value);
  bars[20001] = nan_value;
  const std::span<const Model> models(&model, 1);
  const SeriesBatch batch = observations({bars});
  const cuda::Resources resources = cuda::Resources::make("cpu");
  double log_likelihood = 0;
  const std::vector<double> filtered = filter_series(model, bars, &log_likelihood);
  const std::vector<double> table = log_densities(model, bars);
  const LogPass smoothed = smooth_in_logs(model, table);
  const LogPath decoded = decode_in_logs(model, table);
  for (const auto precision : {Precision::double_, Precision::single}) {
    const double tolerance = precision == Precision::double_ ? 1e-9 : 2e-4;
    const Posteriors f = filtered_posteriors(resources, models, batch, precision);
    const Posteriors s = smoothed_posteriors(resources, models, batch, precision);
    double filter_error = 0, smoother_error = 0;
    ASSERT_EQ(f.probability[0].size(), filtered.size());
    for (std::size_t e = 0; e < filtered.size(); ++e) {
      filter_error = std::max(filter_error, std::abs(f.probability[0][e] - filtered[e]));
      smoother_error = std::max(smoother_error, std::abs(s.probability[0][e] - smoothed.probability[e]));
    }
    EXPECT_LT(filter_error, tolerance);
    EXPECT_LT(smoother_error, tolerance);
    const double relative = precision == Precision::double_ ? 1e-12 : 1e-5;
    EXPECT_NEAR(f.log_likelihood[0] / log_likelihood, 1, relative);
    EXPECT_NEAR(s.log_likelihood[0] / log_likelihood, 1, relative);
    EXPECT_NEAR(log_likelihoods(resources, models, batch, precision)[0] / log_likelihood, 1, relative);
    const Paths p = most_probable_paths(resources, models, batch, precision);
    EXPECT_NEAR(p.log_probability[0] / decoded.log_probability, 1, relative);
    if (precision == Precision::double_) {
      EXPECT_EQ(p.states[0], decoded.states);
    }
  }
}

TEST(LongInference, OfPiecesOfTimeIsThatOfTheWhole) {
  expect_pieces_to_equal_the_whole(true);
}

TEST(LongInference, OfPiecesIsThatOfTheWholeWhereNothingIsForgotten) {
  expect_pieces_to_equal_the_whole(false);
}

}  // namespace
}  // namespace regent::hmm
