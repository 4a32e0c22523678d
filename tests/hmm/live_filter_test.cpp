#include "hmm/live_filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "cuda/hmm/forward.hpp"
#include "hmm/filter.hpp"
#include "hmm/lane_parameters.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

constexpr int features = 4;

std::vector<Model> some_models(int symbols) {
  std::vector<Model> models(symbols, market_hierarchy(features));
  for (int i = 0; i < symbols; ++i) {
    for (double& mean : models[i].means) mean += 0.01 * i;
  }
  return models;
}

// [steps][symbols, D]; symbol 2 lacks features now and then.
std::vector<std::vector<double>> ticks_of(const std::vector<Model>& models, int steps) {
  std::vector<std::vector<double>> ticks(steps);
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::vector<double> bars = simulate(models[i], steps, 900 + i).bars;
    for (int t = 0; t < steps; ++t) {
      for (int d = 0; d < features; ++d) {
        const bool missing = i == 2 && (t % 7 == 3 || (t % 5 == 1 && d == 1));
        ticks[t].push_back(missing ? std::nan("") : bars[t * features + d]);
      }
    }
  }
  return ticks;
}

template <class T>
void expect_equal_to_the_batch(const cuda::Resources& resources) {
  constexpr int symbols = 37, steps = 200;
  const std::vector<Model> models = some_models(symbols);
  const auto ticks = ticks_of(models, steps);
  std::vector<T> parameters, observations(64 * steps * features);
  std::vector<Standardisation> standardisations;
  for (int i = 0; i < symbols; ++i) {
    standardisations.push_back(standardisation_of(models[i]));
    const std::vector<double> lane = lane_parameters(models[i], standardisations.back());
    parameters.resize(64 * lane.size());
    put_lane<T>(lane, i, i + 1 == symbols, parameters);
  }
  for (int lane = 0; lane < 64; ++lane) {
    const int which = std::min(lane, symbols - 1);
    for (int t = 0; t < steps; ++t) {
      for (int d = 0; d < features; ++d) {
        observations[cuda::hmm::lane_index(lane, t * features + d, steps * features)] =
            static_cast<T>(standardisations[which].apply(d, ticks[t][which * features + d]));
      }
    }
  }
  cuda::hmm::BatchView<T> view;
  view.shape = shape_of(models[0]);
  view.lanes = symbols;
  view.steps = steps;
  view.parameters = parameters.data();
  view.observations = observations.data();
  std::vector<T> batch(64 * steps * 9);
  std::vector<double> likelihoods(64);
  cuda::hmm::forward<T>(resources, view, batch, likelihoods);
  LiveFilter<T> filter(resources, models);
  for (int t = 0; t < steps; ++t) {
    filter.update(ticks[t]);
    for (int i = 0; i < symbols; ++i) {
      T macro[3] = {0, 0, 0};
      for (int k = 0; k < 9; ++k) {
        const T live = filter.posteriors()[i * 9 + k];
        ASSERT_EQ(live, batch[cuda::hmm::lane_index(i, t * 9 + k, steps * 9)])
            << "bar " << t << ", symbol " << i;
        macro[k / 3] += live;
      }
      for (int m = 0; m < 3; ++m) ASSERT_EQ(filter.macro_posteriors()[i * 3 + m], macro[m]);
    }
  }
  for (int i = 0; i < symbols; ++i) {
    std::vector<std::int64_t> present(features, 0);
    for (const auto& tick : ticks) {
      for (int d = 0; d < features; ++d) present[d] += std::isnan(tick[i * features + d]) ? 0 : 1;
    }
    EXPECT_EQ(filter.log_likelihood(i), likelihoods[i] + standardisations[i].log_jacobian(present));
  }
}

TEST(LiveFilter, EqualsTheBatchFilterToTheLastBitOnEveryInstructionSet) {
  for (auto set :
       {cuda::InstructionSet::baseline, cuda::InstructionSet::avx2, cuda::InstructionSet::avx512}) {
    SCOPED_TRACE(cuda::to_string(set));
    const cuda::Resources resources = cuda::Resources::make_cpu(set);
    expect_equal_to_the_batch<float>(resources);
    expect_equal_to_the_batch<double>(resources);
  }
}

TEST(LiveFilter, EqualsTheBatchFilterToTheLastBitOnTheGpu) {
  if (cuda::gpu_count() == 0) GTEST_SKIP() << "no GPU on this machine";
  const cuda::Resources resources = cuda::Resources::make("cuda");
  expect_equal_to_the_batch<float>(resources);
  expect_equal_to_the_batch<double>(resources);
}

TEST(LiveFilter, AgreesWithTheFilterOfOneSymbol) {
  const std::vector<Model> models = some_models(5);
  const auto ticks = ticks_of(models, 100);
  const cuda::Resources resources = cuda::Resources::make("auto");
  LiveFilter<float> live(resources, models);
  std::vector<Filter> single(models.begin(), models.end());
  for (const auto& tick : ticks) {
    live.update(tick);
    for (std::size_t i = 0; i < models.size(); ++i) {
      single[i].update({&tick[i * features], features});
      for (int k = 0; k < 9; ++k) ASSERT_NEAR(live.posteriors()[i * 9 + k], single[i].posterior()[k], 1e-5);
    }
  }
  for (std::size_t i = 0; i < models.size(); ++i)
    EXPECT_NEAR(live.log_likelihood(i) / single[i].log_likelihood(), 1, 1e-5);
}

TEST(LiveFilter, StartsFromTheStartLaw) {
  const std::vector<Model> models = some_models(3);
  const cuda::Resources resources = cuda::Resources::make("auto");
  const LiveFilter<double> filter(resources, models);
  const std::vector<double> start = models[0].flat_start();
  for (int k = 0; k < 9; ++k) EXPECT_EQ(filter.posteriors()[k], start[k]);
  EXPECT_EQ(filter.log_likelihood(0), 0);
}

void expect_to_go_on_from_a_snapshot(const cuda::Resources& resources) {
  const std::vector<Model> models = some_models(40);
  const auto ticks = ticks_of(models, 150);
  LiveFilter<float> without(resources, models), before(resources, models);
  for (int t = 0; t < 100; ++t) {
    without.update(ticks[t]);
    before.update(ticks[t]);
  }
  LiveFilter<float> after(resources, models);
  after.update(ticks[0]);  // what a restore must overwrite
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::vector<std::byte> bytes = before.snapshot(i);
    EXPECT_LT(bytes.size(), 1024U);
    after.restore(i, bytes);
  }
  for (int t = 100; t < 150; ++t) {
    without.update(ticks[t]);
    after.update(ticks[t]);
  }
  for (std::size_t e = 0; e < models.size() * 9; ++e)
    ASSERT_EQ(without.posteriors()[e], after.posteriors()[e]);
  for (std::size_t i = 0; i < models.size(); ++i)
    EXPECT_EQ(without.log_likelihood(i), after.log_likelihood(i));
}

TEST(LiveFilter, GoesOnFromASnapshotAsIfNothingHadHappened) {
  expect_to_go_on_from_a_snapshot(cuda::Resources::make("cpu"));
}

TEST(LiveFilter, GoesOnFromASnapshotOnTheGpu) {
  if (cuda::gpu_count() == 0) GTEST_SKIP() << "no GPU on this machine";
  expect_to_go_on_from_a_snapshot(cuda::Resources::make("cuda"));
}

TEST(LiveFilter, RefusesASnapshotOfAnotherModel) {
  const cuda::Resources resources = cuda::Resources::make("cpu");
  std::vector<Model> models(2, some_models(1)[0]);
  models[1].means[3] += 1e-9;
  LiveFilter<double> filter(resources, models);
  filter.restore(0, filter.snapshot(0));
  EXPECT_THROW(filter.restore(0, filter.snapshot(1)), InputError);
}

TEST(LiveFilter, RefusesASnapshotOfAnotherShapeOrPrecision) {
  const cuda::Resources resources = cuda::Resources::make("cpu");
  const std::vector<Model> models = some_models(1), others(1, market_hierarchy(3));
  LiveFilter<float> filter(resources, models);
  EXPECT_THROW(filter.restore(0, LiveFilter<float>(resources, others).snapshot(0)), InputError);
  EXPECT_THROW(filter.restore(0, LiveFilter<double>(resources, models).snapshot(0)), InputError);
  std::vector<std::byte> cut = filter.snapshot(0);
  cut.pop_back();
  EXPECT_THROW(filter.restore(0, cut), InputError);
}

TEST(LiveFilter, RefusesInfinityByNameAndLeavesEverySymbolAsItWas) {
  constexpr int symbols = 40;
  const std::vector<Model> models = some_models(symbols);
  const cuda::Resources resources = cuda::Resources::make("cpu");
  LiveFilter<float> filter(resources, models);
  for (const int symbol : {0, 1, 15, 16, 33, symbols - 1}) {
    std::vector<double> bars(symbols * features, 0.1);
    bars[0] = std::nan("");
    bars[symbol * features + 2] = symbol % 2 == 0 ? INFINITY : -INFINITY;
    EXPECT_THROW(
        {
          try {
            filter.update(bars);
          } catch (const InputError& error) {
            EXPECT_THAT(error.what(),
                        testing::AllOf(testing::HasSubstr("symbol " + std::to_string(symbol) + ":"),
                                       testing::HasSubstr("feature_2")));
            throw;
          }
        },
        InputError);
  }
  EXPECT_EQ(filter.log_likelihood(0), 0);
  const std::vector<double> bars(5, 0.1);
  EXPECT_THROW(filter.update(bars), InputError);
}

TEST(LiveFilter, ASymbolWithoutNumbersLeavesTheOthersBitsAlone) {
  const std::vector<Model> models = some_models(50);
  const auto ticks = ticks_of(models, 30);
  const cuda::Resources resources = cuda::Resources::make("cpu");
  LiveFilter<float> clean(resources, models), broken(resources, models);
  for (const auto& tick : ticks) {
    clean.update(tick);
    std::vector<double> gaps = tick;
    for (int d = 0; d < features; ++d) gaps[7 * features + d] = std::nan("");
    broken.update(gaps);
  }
  for (std::size_t e = 0; e < models.size() * 9; ++e) {
    if (e / 9 == 7) continue;
    ASSERT_EQ(clean.posteriors()[e], broken.posteriors()[e]);
  }
}

}  // namespace
}  // namespace regent::hmm
