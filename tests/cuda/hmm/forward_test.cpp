#include "cuda/hmm/forward.hpp"

#include <gtest/gtest.h>

#include "tests/cuda/hmm/batch.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::discrete;
using reference::Generator;
using reference::Hierarchy;

template <class T>
struct Filtered {
  std::vector<T> posteriors;
  std::vector<double> log_likelihood;
  Filtered(const Resources& resources, const TestBatch<T>& batch)
      : posteriors(batch.padded() * batch.steps * batch.shape.states()), log_likelihood(batch.padded()) {
    forward<T>(resources, batch.view(), posteriors, log_likelihood);
  }
};

// Of the lanes that are in use; what lies beyond the last is not defined.
template <class T>
void expect_same_bits(const Filtered<T>& a, const Filtered<T>& b, const TestBatch<T>& batch) {
  const std::size_t rows = batch.steps * batch.shape.states();
  for (int lane = 0; lane < batch.lanes; ++lane) {
    EXPECT_EQ(a.log_likelihood[lane], b.log_likelihood[lane]) << "lane " << lane;
    for (std::size_t row = 0; row < rows; ++row) {
      ASSERT_EQ(at(a.posteriors, lane, row, rows), at(b.posteriors, lane, row, rows)) << "lane " << lane;
    }
  }
}

class Forward : public OnEveryDevice {};
REGENT_ON_EVERY_DEVICE(Forward);

struct Case {
  int macros, micros, dimension, steps;
  double missing;
};
const Case cases[] = {{1, 2, 1, 8, 0},   {1, 3, 4, 6, 0},   {1, 3, 2, 6, 0.4}, {2, 2, 3, 6, 0.3},
                      {3, 3, 4, 4, 0},   {3, 3, 4, 4, 0.4}, {2, 3, 1, 5, 0.2}, {3, 1, 2, 6, 0.2},
                      {1, 1, 2, 5, 0.3}, {3, 2, 5, 4, 0.5}};

TEST_P(Forward, EqualsEveryPathSummedByHand) {
  const Resources resources = this->resources();
  for (std::uint64_t seed = 1; const Case& c : cases) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(c.macros) + "x" +
                 std::to_string(c.micros) + ", D " + std::to_string(c.dimension));
    Generator generator(seed++);
    std::vector<Hierarchy> hierarchies;
    std::vector<std::vector<double>> series;
    for (int lane = 0; lane < 5; ++lane) {  // ragged lengths and own parameters in every lane
      hierarchies.push_back(generator.hierarchy(c.macros, c.micros, c.dimension, lane % 2 == 1));
      series.push_back(generator.series(hierarchies.back(), lane == 3 ? 1 : c.steps - lane % 2, c.missing));
    }
    const TestBatch<double> batch(hierarchies, series);
    const TestBatch<float> float_batch(hierarchies, series);
    const Filtered<double> filtered(resources, batch);
    const Filtered<float> in_float(resources, float_batch);
    for (int lane = 0; lane < batch.lanes; ++lane) {
      const Hierarchy& h = hierarchies[lane];
      const auto truth = reference::enumerate(reference::flat_start(h), reference::flat_transition(h),
                                              reference::log_densities(h, series[lane]), h.states());
      EXPECT_NEAR(filtered.log_likelihood[lane], truth.log_likelihood,
                  1e-10 * (1 + std::abs(truth.log_likelihood)));
      EXPECT_NEAR(in_float.log_likelihood[lane], truth.log_likelihood,
                  1e-4 * (1 + std::abs(truth.log_likelihood)));
      const std::size_t rows = batch.steps * h.states();
      for (std::size_t i = 0; i < truth.filtered.size(); ++i) {
        EXPECT_NEAR(at(filtered.posteriors, lane, i, rows), truth.filtered[i], 1e-11);
        EXPECT_NEAR(at(in_float.posteriors, lane, i, rows), truth.filtered[i], 1e-4);
      }
    }
  }
}

TEST_P(Forward, HierarchyEqualsItsFlattenedModel) {
  const Resources resources = this->resources();
  for (std::uint64_t seed = 100; seed < 110; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed);
    const Hierarchy h = generator.hierarchy(3, 3, 2, seed % 2 == 0);
    const std::vector<double> series = generator.series(h, 500, 0.1);
    const TestBatch<double> structured({h}, {series}), flat({flattened(h)}, {series});
    const Filtered<double> a(resources, structured), b(resources, flat);
    EXPECT_NEAR(a.log_likelihood[0], b.log_likelihood[0], 1e-10 * std::abs(b.log_likelihood[0]));
    for (std::size_t i = 0; i < 500 * 9; ++i) {
      EXPECT_NEAR(at(a.posteriors, 0, i, 4500), at(b.posteriors, 0, i, 4500), 1e-10);
    }
  }
}

// Russell, Norvig, Artificial Intelligence: A Modern Approach: rain and umbrella.
TEST_P(Forward, GivesTheUmbrellaWorldsLogLikelihood) {
  const Hierarchy rain = discrete({0.5, 0.5}, {0.7, 0.3, 0.3, 0.7});
  std::vector<double> table;
  for (bool umbrella : {true, true, false, true, true}) {
    table.push_back(std::log(umbrella ? 0.9 : 0.1));
    table.push_back(std::log(umbrella ? 0.2 : 0.8));
  }
  const Filtered<double> filtered(resources(), TestBatch<double>({rain}, {table}, true));
  EXPECT_NEAR(filtered.log_likelihood[0], -3.3725020443, 1e-9);
  EXPECT_NEAR(at(filtered.posteriors, 0, 0, 10), 0.818181818181818, 1e-12);  // the book's day one
}

TEST_P(Forward, SaysMinusInfinityForWhatCannotBe) {
  Hierarchy h = discrete({1, 0}, {1, 0, 0, 1});
  const double never = -std::numeric_limits<double>::infinity();
  const std::vector<double> table{0, 0, never, 0, 0, 0};
  const Filtered<double> filtered(resources(), TestBatch<double>({h}, {table}, true));
  EXPECT_EQ(filtered.log_likelihood[0], never);
  const Filtered<float> in_float(resources(), TestBatch<float>({h}, {table}, true));
  EXPECT_EQ(in_float.log_likelihood[0], never);
}

TEST_P(Forward, SurvivesARowOfZeroTransitions) {
  // state 1 leads nowhere: the lane is impossible as soon as it must leave it, and only that lane
  const Hierarchy dead = discrete({0, 1}, {0.5, 0.5, 0, 0}),
                  fine = discrete({0.5, 0.5}, {0.7, 0.3, 0.3, 0.7});
  const std::vector<double> series{0.1, 0.2, 0.3};
  const Filtered<float> both(resources(), TestBatch<float>({dead, fine}, {series, series}));
  const Filtered<float> alone(resources(), TestBatch<float>({fine, fine}, {series, series}));
  EXPECT_EQ(both.log_likelihood[0], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(both.log_likelihood[1], alone.log_likelihood[1]);
}

TEST_P(Forward, StaysFiniteForAnOutlierOfFortyDeviationsInEveryState) {
  Generator generator(7);
  const Hierarchy h = generator.hierarchy(3, 3, 4);
  std::vector<double> series = generator.series(h, 50, 0);
  for (int d = 0; d < 4; ++d) series[20 * 4 + d] = d % 2 == 0 ? 400 : -400;
  const Filtered<float> filtered(resources(), TestBatch<float>({h}, {series}));
  const Filtered<double> exact(resources(), TestBatch<double>({h}, {series}));
  EXPECT_TRUE(std::isfinite(filtered.log_likelihood[0]));
  EXPECT_NEAR(filtered.log_likelihood[0], exact.log_likelihood[0], 1e-4 * std::abs(exact.log_likelihood[0]));
  for (std::size_t i = 0; i < 50 * 9; ++i) EXPECT_TRUE(std::isfinite(at(filtered.posteriors, 0, i, 450)));
}

TEST_P(Forward, FindsARareSwitchOfOneInTenBillion) {
  // state 1 is reached with 1e-10 only, and then explains the data e^200 times better each bar
  Hierarchy h = discrete({1, 0}, {1 - 1e-10, 1e-10, 0, 1});
  h.means = {0, 20};
  std::vector<double> series(20, 0.0);
  for (int t = 10; t < 20; ++t) series[t] = 20;
  const Filtered<float> filtered(resources(), TestBatch<float>({h}, {series}));
  const Filtered<double> exact(resources(), TestBatch<double>({h}, {series}));
  EXPECT_NEAR(at(filtered.posteriors, 0, 9 * 2 + 1, 40), 0, 1e-6);
  EXPECT_NEAR(at(filtered.posteriors, 0, 10 * 2 + 1, 40), 1, 1e-6);
  EXPECT_NEAR(filtered.log_likelihood[0], exact.log_likelihood[0], 1e-3);
  // 20 unit Gaussians at their centre, one switch
  EXPECT_NEAR(exact.log_likelihood[0], 20 * -0.5 * std::log(2 * M_PI) + std::log(1e-10), 1e-6);
}

TEST_P(Forward, UsesReachableStatesWhenTheLikeliestDensityIsUnreachable) {
  // only state 0 can be, and its density underflows beside that of state 1
  Hierarchy h = discrete({1, 0}, {1, 0, 0, 1});
  h.means = {0, 100};
  const std::vector<double> series{0, 100, 100, 0};
  const double truth = 4 * -0.5 * std::log(2 * M_PI) - 2 * 5000.0;
  EXPECT_NEAR(Filtered<float>(resources(), TestBatch<float>({h}, {series})).log_likelihood[0], truth, 1e-2);
  EXPECT_NEAR(Filtered<double>(resources(), TestBatch<double>({h}, {series})).log_likelihood[0], truth, 1e-8);
}

TEST_P(Forward, TakesAllFeaturesMissingForAStretchAsPrediction) {
  Generator generator(11);
  const Hierarchy h = generator.hierarchy(2, 2, 3);
  std::vector<double> series = generator.series(h, 200, 0);
  for (int i = 50 * 3; i < 150 * 3; ++i) series[i] = std::nan("");
  const Filtered<double> filtered(resources(), TestBatch<double>({h}, {series}));
  const std::vector<double> transition = reference::flat_transition(h);
  for (int t = 50; t < 150; ++t) {
    for (int to = 0; to < 4; ++to) {
      double predicted = 0;
      for (int k = 0; k < 4; ++k)
        predicted += at(filtered.posteriors, 0, (t - 1) * 4 + k, 800) * transition[k * 4 + to];
      EXPECT_NEAR(at(filtered.posteriors, 0, t * 4 + to, 800), predicted, 1e-12);
    }
  }
}

TEST_P(Forward, LeavesOtherLanesBitsAloneWhenOneLaneIsNotANumber) {
  Generator generator(13);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 40; ++lane) {
    hierarchies.push_back(generator.hierarchy(3, 3, 4));
    series.push_back(generator.series(hierarchies.back(), 100, 0));
  }
  const Filtered<float> before(resources(), TestBatch<float>(hierarchies, series));
  std::vector<Hierarchy> broken = hierarchies;
  std::vector<std::vector<double>> gaps = series;
  for (double& value : broken[5].means) value = std::nan("");  // poisoned parameters
  for (double& value : gaps[17]) value = std::nan("");         // nothing but missing values
  gaps[21][6] = std::nan("");                                  // one missing value
  const Filtered<float> after(resources(), TestBatch<float>(broken, gaps));
  for (int lane = 0; lane < 40; ++lane) {
    if (lane == 5 || lane == 17 || lane == 21) continue;
    EXPECT_EQ(before.log_likelihood[lane], after.log_likelihood[lane]) << "lane " << lane;
    for (std::size_t i = 0; i < 900; ++i) {
      ASSERT_EQ(at(before.posteriors, lane, i, 900), at(after.posteriors, lane, i, 900)) << "lane " << lane;
    }
  }
  EXPECT_TRUE(std::isnan(after.log_likelihood[5]));
  EXPECT_NEAR(after.log_likelihood[17], 0, 1e-3);
}

TEST_P(Forward, GivesTheSameBitsOnEveryInstructionSet) {
  Generator generator(17);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 19; ++lane) {
    hierarchies.push_back(generator.hierarchy(3, 3, 4));
    series.push_back(generator.series(hierarchies.back(), 130 + lane, lane % 3 == 0 ? 0.1 : 0));
  }
  const Resources plain = Resources::make_cpu(InstructionSet::baseline);
  const TestBatch<float> in_float(hierarchies, series);
  expect_same_bits(Filtered<float>(plain, in_float), Filtered<float>(resources(), in_float), in_float);
  const TestBatch<double> in_double(hierarchies, series);
  expect_same_bits(Filtered<double>(plain, in_double), Filtered<double>(resources(), in_double), in_double);
}

TEST_P(Forward, DoesNotDependOnTheOrderOfTheSeries) {
  Generator generator(19);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 33; ++lane) {
    hierarchies.push_back(generator.hierarchy(1, 3, 4));
    series.push_back(generator.series(hierarchies.back(), 60, 0));
  }
  const Filtered<float> forwards(resources(), TestBatch<float>(hierarchies, series));
  std::reverse(hierarchies.begin(), hierarchies.end());
  std::reverse(series.begin(), series.end());
  const Filtered<float> backwards(resources(), TestBatch<float>(hierarchies, series));
  for (int lane = 0; lane < 33; ++lane)
    EXPECT_EQ(forwards.log_likelihood[lane], backwards.log_likelihood[32 - lane]);
}

TEST_P(Forward, SharesOneSeriesBetweenLanes) {
  Generator generator(23);
  const Hierarchy h = generator.hierarchy(2, 3, 3);
  const std::vector<double> series = generator.series(h, 77, 0.1);
  const TestBatch<float> own({h, h, h}, {series, series, series});
  BatchView<float> view = own.view();
  const std::vector<float> once(series.begin(), series.end());
  view.observations = once.data();
  view.shared = true;
  Filtered<float> shared(resources(), own);
  forward<float>(resources(), view, shared.posteriors, shared.log_likelihood);
  expect_same_bits(shared, Filtered<float>(resources(), own), own);
}

}  // namespace
}  // namespace regent::cuda::hmm
