#include "cuda/hmm/smooth.hpp"

#include <gtest/gtest.h>

#include "tests/cuda/hmm/batch.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::Generator;
using reference::Hierarchy;

template <class T>
struct Smoothed {
  std::vector<T> posteriors;
  std::vector<double> log_likelihood;
  Smoothed(const Resources& resources, const TestBatch<T>& batch)
      : posteriors(batch.padded() * batch.steps * batch.shape.states()), log_likelihood(batch.padded()) {
    smooth<T>(resources, batch.view(), posteriors, log_likelihood);
  }
};

class Smooth : public OnEveryDevice {};
REGENT_ON_EVERY_DEVICE(Smooth);

TEST_P(Smooth, EqualsEveryPathSummedByHand) {
  const Resources resources = this->resources();
  const int shapes[][4] = {{1, 2, 2, 8}, {1, 3, 4, 6}, {3, 3, 4, 4},
                           {2, 2, 1, 6}, {3, 2, 3, 4}, {2, 3, 5, 4}};
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto& [macros, micros, dimension, steps] = shapes[seed % 6];
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed);
    std::vector<Hierarchy> hierarchies;
    std::vector<std::vector<double>> series;
    for (int lane = 0; lane < 4; ++lane) {
      hierarchies.push_back(generator.hierarchy(macros, micros, dimension, lane == 2));
      series.push_back(
          generator.series(hierarchies.back(), lane == 1 ? 1 : steps - lane % 2, seed > 6 ? 0.3 : 0));
    }
    const Smoothed<double> exact(resources, TestBatch<double>(hierarchies, series));
    const Smoothed<float> in_float(resources, TestBatch<float>(hierarchies, series));
    for (int lane = 0; lane < 4; ++lane) {
      const Hierarchy& h = hierarchies[lane];
      const auto truth = reference::enumerate(reference::flat_start(h), reference::flat_transition(h),
                                              reference::log_densities(h, series[lane]), h.states());
      EXPECT_NEAR(exact.log_likelihood[lane], truth.log_likelihood,
                  1e-10 * (1 + std::abs(truth.log_likelihood)));
      const std::size_t rows = static_cast<std::size_t>(steps) * h.states();
      for (std::size_t i = 0; i < rows; ++i) {
        const double right = i < truth.posteriors.size() ? truth.posteriors[i] : 0;  // zero beyond the end
        EXPECT_NEAR(at(exact.posteriors, lane, i, rows), right, 1e-11);
        EXPECT_NEAR(at(in_float.posteriors, lane, i, rows), right, 1e-4);
      }
    }
  }
}

TEST_P(Smooth, GivesTheUmbrellaWorldsPosteriors) {
  Hierarchy rain;
  rain.micros = 2;
  rain.macro_start = rain.macro_transition = {1};
  rain.micro_start = {0.5, 0.5};
  rain.micro_transition = {0.7, 0.3, 0.3, 0.7};
  rain.micro_exit = rain.means = {0, 0};
  rain.covariances = {1, 1};
  std::vector<double> table;
  for (bool umbrella : {true, true, false, true, true}) {
    table.push_back(std::log(umbrella ? 0.9 : 0.1));
    table.push_back(std::log(umbrella ? 0.2 : 0.8));
  }
  const Smoothed<double> smoothed(resources(), TestBatch<double>({rain}, {table}, true));
  const double rains[] = {0.8673, 0.8204, 0.3075, 0.8204, 0.8673};
  for (int t = 0; t < 5; ++t) EXPECT_NEAR(at(smoothed.posteriors, 0, t * 2, 10), rains[t], 5e-5);
  EXPECT_NEAR(smoothed.log_likelihood[0], -3.3725020443, 1e-9);
}

TEST_P(Smooth, FollowsARareSwitchThatOnlyTheFutureReveals) {
  // 1e-10 to leave, and bars that look alike until the end: float must carry weights of 1e-10 back in time
  Hierarchy h;
  h.micros = 2;
  h.macro_start = h.macro_transition = {1};
  h.micro_start = {1, 0};
  h.micro_transition = {1 - 1e-10, 1e-10, 0, 1};
  h.micro_exit = {0, 0};
  h.means = {0, 1};
  h.covariances = {1, 1};
  std::vector<double> series(400, 0.5);
  for (int t = 300; t < 400; ++t) series[t] = 1.5;
  const Smoothed<double> exact(resources(), TestBatch<double>({h}, {series}));
  const Smoothed<float> in_float(resources(), TestBatch<float>({h}, {series}));
  EXPECT_GT(at(exact.posteriors, 0, 399 * 2 + 1, 800), 0.999);
  for (std::size_t i = 0; i < 800; ++i) {
    EXPECT_NEAR(at(in_float.posteriors, 0, i, 800), at(exact.posteriors, 0, i, 800), 1e-3);
  }
}

TEST_P(Smooth, SumsToOneOverALongSeriesThatIsRunInSegments) {
  // 60,000 bars of 9 double states are more than one segment on every backend
  Generator generator(29);
  const Hierarchy h = generator.hierarchy(3, 3, 2);
  const std::vector<double> series = generator.series(h, 60000, 0.01);
  const Smoothed<double> long_one(resources(), TestBatch<double>({h}, {series}));
  const std::size_t rows = 60000 * 9;
  for (std::size_t t = 0; t < 60000; t += 97) {
    double sum = 0;
    for (int k = 0; k < 9; ++k) sum += at(long_one.posteriors, 0, t * 9 + k, rows);
    EXPECT_NEAR(sum, 1, 1e-12);
  }
  // the far past does not matter: the last 200 bars alone give the same posteriors at their end
  const std::vector<double> tail(series.end() - 400 * 2, series.end());
  const Smoothed<double> short_one(resources(), TestBatch<double>({h}, {tail}));
  for (int i = 0; i < 100 * 9; ++i) {
    EXPECT_NEAR(at(long_one.posteriors, 0, rows - 900 + i, rows),
                at(short_one.posteriors, 0, 300 * 9 + i, 3600), 1e-9);
  }
}

}  // namespace
}  // namespace regent::cuda::hmm
