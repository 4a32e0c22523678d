#include "hmm/live_filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "cuda/hmm/forward.hpp"
#include "hmm/filter.hpp"
#include "hmm/inference.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/mixture.hpp"
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

// The same markets, each state a mixture of three of uneven weights.
std::vector<Model> some_mixtures(int symbols) {
  std::vector<Model> models = some_models(symbols);
  for (int i = 0; i < symbols; ++i) {
    Model& model = models[i];
    const Model one = model;
    model.emission = EmissionKind::mixture;
    model.components = 3;
    model.means.clear();
    model.covariances.clear();
    for (int k = 0; k < 9; ++k) {
      model.mixture_weights.insert(model.mixture_weights.end(), {0.5, 0.3 - 0.02 * k, 0.2 + 0.02 * k});
      for (int c = 0; c < 3; ++c) {
        for (int d = 0; d < features; ++d)
          model.means.push_back(one.means[k * features + d] + 0.4 * (c - 1) * (d + 1 + 0.1 * i));
        for (int e = 0; e < features * features; ++e)
          model.covariances.push_back(one.covariances[k * features * features + e] * (1 + 0.5 * c));
      }
    }
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

// The batch filter of the models' lanes, of mixtures that of their sub-states, whose posteriors are summed
// here.
template <class T>
void expect_equal_to_the_batch(const cuda::Resources& resources, const std::vector<Model>& models) {
  constexpr int steps = 200;
  const int symbols = static_cast<int>(models.size()), components = models[0].components,
            parts = 9 * components;
  const auto ticks = ticks_of(models, steps);
  std::vector<T> parameters, observations(64 * steps * features);
  std::vector<Standardisation> standardisations;
  for (int i = 0; i < symbols; ++i) {
    standardisations.push_back(standardisation_of(expanded(models[i])));
    const std::vector<double> lane = lane_parameters(expanded(models[i]), standardisations.back());
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
  view.shape = shape_of(expanded(models[0]));
  view.lanes = symbols;
  view.steps = steps;
  view.parameters = parameters.data();
  view.observations = observations.data();
  std::vector<T> batch(64 * steps * parts);
  std::vector<double> likelihoods(64);
  cuda::hmm::forward<T>(resources, view, batch, likelihoods);
  LiveFilter<T> filter(resources, models);
  for (int t = 0; t < steps; ++t) {
    filter.update(ticks[t]);
    ASSERT_EQ(filter.posteriors().size(), models.size() * 9);
    for (int i = 0; i < symbols; ++i) {
      T macro[3] = {0, 0, 0}, state[9] = {};
      for (int part = 0; part < parts; ++part) {
        const T of_part = batch[cuda::hmm::lane_index(i, t * parts + part, steps * parts)];
        state[part / components] += of_part;
        macro[part / components / 3] += of_part;
      }
      for (int k = 0; k < 9; ++k)
        ASSERT_EQ(filter.posteriors()[i * 9 + k], state[k]) << "bar " << t << ", symbol " << i;
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
template <class T>
void expect_equal_to_the_batch(const cuda::Resources& resources) {
  expect_equal_to_the_batch<T>(resources, some_models(37));
  expect_equal_to_the_batch<T>(resources, some_mixtures(37));
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

// Their own batch filter and hmm::Filter sum densities over components before anything else.
TEST(LiveFilter, OfMixturesAgreesWithTheFiltersThatSumTheirDensities) {
  std::vector<Model> models = some_mixtures(4);
  models[3].mixture_weights[0] = 0;  // a component that is never taken, so that its symbol goes in logs
  models[3].mixture_weights[1] = 0.8;
  const auto ticks = ticks_of(models, 300);
  SeriesBatch batch;
  std::vector<std::vector<double>> series(models.size());
  for (std::size_t i = 0; i < models.size(); ++i) {
    for (const auto& tick : ticks)
      series[i].insert(series[i].end(), tick.begin() + i * features, tick.begin() + (i + 1) * features);
    batch.series.emplace_back(series[i]);
  }
  const cuda::Resources resources = cuda::Resources::make("cpu");
  const Posteriors whole = filtered_posteriors(resources, models, batch);
  LiveFilter<double> live(resources, models);
  LiveFilter<float> in_float(resources, models);
  std::vector<Filter> single(models.begin(), models.end());
  for (std::size_t t = 0; t < ticks.size(); ++t) {
    live.update(ticks[t]);
    in_float.update(ticks[t]);
    for (std::size_t i = 0; i < models.size(); ++i) {
      single[i].update({&ticks[t][i * features], features});
      for (std::size_t k = 0; k < 9; ++k) {
        const double found = live.posteriors()[i * 9 + k];
        ASSERT_NEAR(found, single[i].posterior()[k], 1e-12) << "bar " << t << ", symbol " << i;
        ASSERT_NEAR(found, whole.probability[i][t * 9 + k], 1e-12);
        ASSERT_NEAR(in_float.posteriors()[i * 9 + k], found, 1e-5);
      }
    }
  }
  for (std::size_t i = 0; i < models.size(); ++i) {
    EXPECT_NEAR(live.log_likelihood(i) / single[i].log_likelihood(), 1, 1e-12);
    EXPECT_NEAR(live.log_likelihood(i) / whole.log_likelihood[i], 1, 1e-12);
  }
}

TEST(LiveFilter, SaysHowManyComponentsAMixtureMayHave) {
  std::vector<Model> models = some_mixtures(1);
  Model& model = models[0];
  model.components = 4;  // 36 in all
  model.mixture_weights.assign(36, 0.25);
  model.means.assign(36 * features, 0);
  model.covariances.resize(36 * features * features);
  EXPECT_THROW(
      {
        try {
          const LiveFilter<float> filter(cuda::Resources::make("cpu"), models);
        } catch (const InputError& error) {
          EXPECT_THAT(error.what(),
                      testing::AllOf(testing::HasSubstr("live regime filter, symbol 0: 4 components"),
                                     testing::HasSubstr("states times components must be within 32")));
          throw;
        }
      },
      InputError);
  std::vector<Model> mixed{some_mixtures(1)[0], some_models(1)[0]};
  EXPECT_THROW(LiveFilter<float>(cuda::Resources::make("cpu"), mixed), InputError);
}

TEST(LiveFilter, StartsFromTheStartLaw) {
  const std::vector<Model> models = some_models(3);
  const cuda::Resources resources = cuda::Resources::make("auto");
  const LiveFilter<double> filter(resources, models);
  const std::vector<double> start = models[0].flat_start();
  for (int k = 0; k < 9; ++k) EXPECT_EQ(filter.posteriors()[k], start[k]);
  EXPECT_EQ(filter.log_likelihood(0), 0);
  const LiveFilter<double> of_mixtures(resources, some_mixtures(2));
  for (int k = 0; k < 9; ++k) EXPECT_EQ(of_mixtures.posteriors()[9 + k], start[k]);
}

void expect_to_go_on_from_a_snapshot(const cuda::Resources& resources, const std::vector<Model>& models) {
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
  expect_to_go_on_from_a_snapshot(cuda::Resources::make("cpu"), some_models(40));
}

TEST(LiveFilter, OfMixturesGoesOnFromASnapshot) {
  expect_to_go_on_from_a_snapshot(cuda::Resources::make("cpu"), some_mixtures(40));
  std::vector<Model> in_logs = some_mixtures(3);
  for (Model& model : in_logs) {
    model.mixture_weights[0] = 0;
    model.mixture_weights[2] += 0.5;
  }
  expect_to_go_on_from_a_snapshot(cuda::Resources::make("cpu"), in_logs);
}

// The largest there are: 16 regimes of two components over 16 features, in double.
TEST(LiveFilter, KeepsTheSnapshotOfTheLargestMixtureUnderAKilobyte) {
  Model model;
  model.macros = 16;
  model.micros = 1;
  for (int d = 0; d < 16; ++d) model.features.push_back("feature_" + std::to_string(d));
  for (int i = 0; i < 16; ++i) {
    model.labels.push_back("regime_" + std::to_string(i));
    for (int to = 0; to < 16; ++to) model.macro_transition.push_back(1.0 / 16);
    for (int part = 0; part < 2; ++part) {
      for (int e = 0; e < 256; ++e) model.covariances.push_back(e % 17 == 0 ? 1 : 0);
      for (int d = 0; d < 16; ++d) model.means.push_back(i == d ? part + 1 : 0);
    }
  }
  model.macro_start.assign(16, 1.0 / 16);
  model.micro_start = model.micro_transition = std::vector<double>(16, 1);
  model.micro_exit.assign(16, 0.5);
  model.emission = EmissionKind::mixture;
  model.components = 2;
  model.mixture_weights.assign(32, 0.5);
  const cuda::Resources resources = cuda::Resources::make("cpu");
  const LiveFilter<double> filter(resources, {&model, 1});
  EXPECT_LT(filter.snapshot(0).size(), 1024U);
}

TEST(LiveFilter, GoesOnFromASnapshotOnTheGpu) {
  if (cuda::gpu_count() == 0) GTEST_SKIP() << "no GPU on this machine";
  expect_to_go_on_from_a_snapshot(cuda::Resources::make("cuda"), some_models(40));
  expect_to_go_on_from_a_snapshot(cuda::Resources::make("cuda"), some_mixtures(40));
}

TEST(LiveFilter, RefusesASnapshotOfAnotherModel) {
  const cuda::Resources resources = cuda::Resources::make("cpu");
  std::vector<Model> models(2, some_models(1)[0]);
  models[1].means[3] += 1e-9;
  LiveFilter<double> filter(resources, models);
  filter.restore(0, filter.snapshot(0));
  EXPECT_THROW(filter.restore(0, filter.snapshot(1)), InputError);
  std::vector<Model> mixtures(2, some_mixtures(1)[0]);
  std::swap(mixtures[1].mixture_weights[0], mixtures[1].mixture_weights[1]);
  LiveFilter<double> of_mixtures(resources, mixtures);
  of_mixtures.restore(0, of_mixtures.snapshot(0));
  EXPECT_THROW(of_mixtures.restore(0, of_mixtures.snapshot(1)), InputError);
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
