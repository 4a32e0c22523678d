#include "hmm/filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <new>

#include "base/error.hpp"
#include "cuda/hmm/forward.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/live_filter.hpp"
#include "tests/hmm/simulation.hpp"

namespace {
thread_local bool counting = false;
thread_local std::size_t allocations = 0;
}  // namespace

// Counts what the filter allocates while `counting`. Out of line, so that the compiler pairs new with delete.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (counting) ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (counting) ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace regent::hmm {
namespace {

std::vector<double> with_gaps(std::vector<double> bars, int dimension) {
  for (std::size_t t = 0; t < bars.size() / dimension; ++t) {
    if (t % 7 == 3) bars[t * dimension + t % dimension] = std::nan("");
    if (t % 40 == 20) std::fill_n(&bars[t * dimension], dimension, std::nan(""));
  }
  return bars;
}

TEST(Filter, EqualsTheBatchForwardPassToTheLastBitOnEveryInstructionSet) {
  for (const auto& [macros, student] : {std::pair{1, false}, std::pair{3, false}, std::pair{3, true}}) {
    Model model = market_hierarchy(4);
    if (student) {
      model.emission = EmissionKind::student_t;
      for (int k = 0; k < 9; ++k) model.dof.push_back(2.5 + k);
    }
    if (macros == 1) {  // the same law without a hierarchy
      model.micro_transition = model.flat_transition();
      model.micro_start = model.flat_start();
      model.macros = 1;
      model.micros = 9;
      model.macro_start = model.macro_transition = {1};
      model.micro_exit.assign(9, 0);
      model.labels = {"regime_0"};
    }
    const std::vector<double> bars = with_gaps(simulate(market_hierarchy(4), 1000, 5).bars, 4);
    const Standardisation standardisation = standardisation_of(model);
    std::vector<double> series;
    std::vector<std::int64_t> present(4, 0);
    for (std::size_t i = 0; i < bars.size(); ++i) {
      series.push_back(standardisation.apply(i % 4, bars[i]));
      present[i % 4] += std::isnan(bars[i]) ? 0 : 1;
    }
    const std::vector<double> lane = lane_parameters(model, standardisation);
    std::vector<double> parameters(lane.size() * 32);
    put_lane<double>(lane, 0, true, parameters);
    cuda::hmm::BatchView<double> view;
    view.shape = shape_of(model);
    view.law = law_of(model);
    view.lanes = 1;
    view.steps = 1000;
    view.parameters = parameters.data();
    view.observations = series.data();
    view.shared = true;
    for (auto set :
         {cuda::InstructionSet::baseline, cuda::InstructionSet::avx2, cuda::InstructionSet::avx512}) {
      std::vector<double> batch(1000 * 9 * 32), likelihoods(32);
      cuda::hmm::forward<double>(cuda::Resources::make_cpu(set), view, batch, likelihoods);
      Filter filter(model);
      for (int t = 0; t < 1000; ++t) {
        filter.update({&bars[t * 4], 4});
        for (int k = 0; k < 9; ++k) ASSERT_EQ(filter.posterior()[k], batch[(t * 9 + k) * 32]) << "bar " << t;
      }
      EXPECT_EQ(filter.log_likelihood(), likelihoods[0] + standardisation.log_jacobian(present));
    }
  }
}

TEST(Filter, SeriesEqualsUpdatesOnEveryBar) {
  const Model model = market_hierarchy(3);
  const std::vector<double> bars = with_gaps(simulate(model, 300, 6).bars, 3);
  double log_likelihood = 0;
  const std::vector<double> posteriors = filter_series(model, bars, &log_likelihood);
  Filter filter(model);
  for (int t = 0; t < 300; ++t) {
    filter.update({&bars[t * 3], 3});
    for (int k = 0; k < 9; ++k) ASSERT_EQ(filter.posterior()[k], posteriors[t * 9 + k]);
  }
  EXPECT_EQ(filter.log_likelihood(), log_likelihood);
}

TEST(Filter, NeverUsesAFutureBar) {
  const Model model = market_hierarchy(3);
  std::vector<double> bars = simulate(model, 200, 7).bars;
  const std::vector<double> before = filter_series(model, bars);
  for (std::size_t i = 120 * 3; i < bars.size(); ++i) bars[i] = 50 - bars[i];
  const std::vector<double> after = filter_series(model, bars);
  for (int i = 0; i < 120 * 9; ++i) ASSERT_EQ(before[i], after[i]);
  EXPECT_NE(before[150 * 9], after[150 * 9]);
}

TEST(Filter, StartsFromTheStartLawAndPredictsWithoutData) {
  const Model model = market_hierarchy(2);
  Filter filter(model);
  const std::vector<double> start = model.flat_start(), transition = model.flat_transition();
  for (int k = 0; k < 9; ++k) EXPECT_EQ(filter.posterior()[k], start[k]);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(filter.macro_posterior()[i], model.macro_start[i]);
  EXPECT_EQ(filter.log_likelihood(), 0);
  const std::vector<double> nothing(2, std::nan(""));
  filter.update(nothing);
  for (int k = 0; k < 9; ++k) EXPECT_NEAR(filter.posterior()[k], start[k], 1e-15);
  filter.update(nothing);
  for (int to = 0; to < 9; ++to) {
    double predicted = 0;
    for (int k = 0; k < 9; ++k) predicted += start[k] * transition[k * 9 + to];
    EXPECT_NEAR(filter.posterior()[to], predicted, 1e-15);
  }
  EXPECT_NEAR(filter.log_likelihood(), 0, 1e-14);
}

// One bar's log-likelihood by the formula, in the features' own units.
TEST(Filter, ReportsTheLikelihoodInTheFeaturesOwnUnits) {
  Model model = market_hierarchy(2);
  for (double& value : model.means) value = value * 1e-3 + 7;
  for (double& value : model.covariances) value *= 1e-6;
  const double x[] = {7.0004, 6.9991};
  double sum = 0;
  const std::vector<double> start = model.flat_start();
  for (int k = 0; k < 9; ++k) {
    const double a = model.covariances[k * 4], b = model.covariances[k * 4 + 1],
                 c = model.covariances[k * 4 + 3];
    const double dx = x[0] - model.means[k * 2], dy = x[1] - model.means[k * 2 + 1], det = a * c - b * b;
    sum += start[k] * std::exp(-0.5 * (c * dx * dx - 2 * b * dx * dy + a * dy * dy) / det) /
           (2 * M_PI * std::sqrt(det));
  }
  Filter filter(model);
  filter.update(x);
  EXPECT_NEAR(filter.log_likelihood(), std::log(sum), 1e-10);
  EXPECT_GT(filter.log_likelihood(), 0);  // densities above one are as good as any
}

TEST(Filter, KeepsItsDigitsAtALevelOfAHundredMillion) {
  const Model near = market_hierarchy(3);
  Model far = near;
  for (double& value : far.means) value += 1e8;
  std::vector<double> bars = simulate(near, 500, 8).bars, lifted = bars;
  for (double& value : lifted) value += 1e8;
  const std::vector<double> a = filter_series(near, bars), b = filter_series(far, lifted);
  for (std::size_t i = 0; i < a.size(); ++i)
    ASSERT_NEAR(a[i], b[i], 1e-5);  // 1e8 leaves 1.5e-8 of each value
}

TEST(Filter, StaysFiniteForOutliersAndHugeValues) {
  const Model model = market_hierarchy(3);
  Filter filter(model);
  for (double size : {40.0, 1e6, 1e30, 1e300, -1e300}) {
    const double bar[] = {size, -size, size};
    filter.update(bar);
    double sum = 0;
    for (double p : filter.posterior()) sum += p;
    EXPECT_NEAR(sum, 1, 1e-12) << size;
    EXPECT_TRUE(std::isfinite(filter.log_likelihood())) << size;
  }
}

TEST(Filter, RefusesInfinityAndWrongWidthsByName) {
  Filter filter(market_hierarchy(3));
  const double infinite[] = {0, INFINITY, 0};
  EXPECT_THROW(
      {
        try {
          filter.update(infinite);
        } catch (const InputError& error) {
          EXPECT_THAT(error.what(), testing::HasSubstr("feature_1"));
          throw;
        }
      },
      InputError);
  const double narrow[] = {0, 0};
  EXPECT_THROW(filter.update(narrow), InputError);
  EXPECT_EQ(filter.log_likelihood(), 0);  // a refused bar is not a bar
}

void expect_no_allocation_in_a_live_update(const std::vector<Model>& models) {
  const std::vector<double> bars = with_gaps(simulate(models[0], 40 * 100, 11).bars, 4);
  const cuda::Resources resources = cuda::Resources::make("cpu");
  LiveFilter<float> filter(resources, models);
  allocations = 0;
  counting = true;
  for (int t = 0; t < 100; ++t) filter.update({&bars[t * 160], 160});
  const volatile double used = filter.log_likelihood(3) + filter.macro_posteriors()[0];
  counting = false;
  EXPECT_FALSE(std::isnan(used));
  EXPECT_EQ(allocations, 0U);
}

TEST(LiveFilter, AllocatesNothingInUpdate) {
  Model model = market_hierarchy(4);
  expect_no_allocation_in_a_live_update(std::vector<Model>(40, model));
  model.emission = EmissionKind::mixture;
  model.components = 2;
  model.mixture_weights.assign(18, 0.5);
  const Model one = model;
  model.means.clear();
  model.covariances.clear();
  for (int part = 0; part < 18; ++part) {
    for (int d = 0; d < 4; ++d) model.means.push_back(one.means[part / 2 * 4 + d] + part % 2);
    for (int e = 0; e < 16; ++e) model.covariances.push_back(one.covariances[part / 2 * 16 + e]);
  }
  expect_no_allocation_in_a_live_update(std::vector<Model>(40, model));
}

TEST(Filter, AllocatesNothingInUpdate) {
  const Model model = market_hierarchy(4);
  const std::vector<double> bars = with_gaps(simulate(model, 200, 9).bars, 4);
  Filter filter(model);
  allocations = 0;
  counting = true;
  for (int t = 0; t < 200; ++t) filter.update({&bars[t * 4], 4});
  const volatile double used = filter.log_likelihood() + filter.macro_posterior()[0];
  counting = false;
  EXPECT_FALSE(std::isnan(used));
  EXPECT_EQ(allocations, 0U);
}

}  // namespace
}  // namespace regent::hmm
