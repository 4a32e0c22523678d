#include "cuda/hmm/viterbi.hpp"

#include <gtest/gtest.h>

#include "tests/cuda/hmm/batch.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::discrete;
using reference::Generator;
using reference::Hierarchy;

template <class T>
struct Decoded {
  std::vector<std::uint8_t> path;
  std::vector<double> log_probability;
  std::int64_t steps;
  Decoded(const Resources& resources, const TestBatch<T>& batch)
      : path(batch.padded() * batch.steps), log_probability(batch.padded()), steps(batch.steps) {
    viterbi<T>(resources, batch.view(), path, log_probability);
  }
  std::vector<int> lane(int which, std::size_t length) const {
    std::vector<int> states;
    for (std::size_t t = 0; t < length; ++t) states.push_back(at(path, which, t, steps));
    return states;
  }
};

class Viterbi : public OnEveryDevice {};
REGENT_ON_EVERY_DEVICE(Viterbi);

TEST_P(Viterbi, FindsTheBestOfAllPaths) {
  const Resources resources = this->resources();
  const int shapes[][4] = {{1, 2, 2, 8}, {1, 3, 4, 6}, {3, 3, 4, 4},
                           {2, 2, 1, 6}, {3, 2, 3, 4}, {2, 3, 5, 4}};
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto& [macros, micros, dimension, steps] = shapes[seed % 6];
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed + 2000);
    std::vector<Hierarchy> hierarchies;
    std::vector<std::vector<double>> series;
    for (int lane = 0; lane < 4; ++lane) {
      hierarchies.push_back(generator.hierarchy(macros, micros, dimension, lane == 2));
      series.push_back(
          generator.series(hierarchies.back(), lane == 1 ? 1 : steps - lane % 2, seed > 6 ? 0.3 : 0));
    }
    const Decoded<double> exact(resources, TestBatch<double>(hierarchies, series));
    const Decoded<float> in_float(resources, TestBatch<float>(hierarchies, series));
    for (int lane = 0; lane < 4; ++lane) {
      const Hierarchy& h = hierarchies[lane];
      const auto truth = reference::enumerate(reference::flat_start(h), reference::flat_transition(h),
                                              reference::log_densities(h, series[lane]), h.states());
      const double scale = 1 + std::abs(truth.best_log_probability);
      EXPECT_NEAR(exact.log_probability[lane], truth.best_log_probability, 1e-11 * scale);
      EXPECT_EQ(exact.lane(lane, truth.best_path.size()), truth.best_path);
      EXPECT_NEAR(in_float.log_probability[lane], truth.best_log_probability, 1e-4 * scale);
    }
  }
}

TEST_P(Viterbi, DecodesTheUmbrellaWorld) {
  std::vector<double> table;
  for (bool umbrella : {true, true, false, true, true}) {
    table.push_back(std::log(umbrella ? 0.9 : 0.1));
    table.push_back(std::log(umbrella ? 0.2 : 0.8));
  }
  const TestBatch<double> batch({discrete({0.5, 0.5}, {0.7, 0.3, 0.3, 0.7})}, {table}, true);
  EXPECT_EQ(Decoded<double>(resources(), batch).lane(0, 5), (std::vector<int>{0, 0, 1, 0, 0}));
}

TEST_P(Viterbi, DecodesTheThreeSymbolChain) {
  const double emission[2][3] = {{0.1, 0.4, 0.5}, {0.6, 0.3, 0.1}};
  std::vector<double> table;
  for (int symbol : {0, 1, 2}) {
    table.push_back(std::log(emission[0][symbol]));
    table.push_back(std::log(emission[1][symbol]));
  }
  const TestBatch<double> batch({discrete({0.6, 0.4}, {0.7, 0.3, 0.4, 0.6})}, {table}, true);
  const Decoded<double> decoded(resources(), batch);
  EXPECT_EQ(decoded.lane(0, 3), (std::vector<int>{1, 0, 0}));
  EXPECT_NEAR(std::exp(decoded.log_probability[0]), 0.01344, 1e-12);
}

TEST_P(Viterbi, GivesTiesToTheLowestState) {
  const TestBatch<double> batch({discrete({0.5, 0.5}, {0.5, 0.5, 0.5, 0.5})}, {std::vector<double>(10, 0.0)},
                                true);
  EXPECT_EQ(Decoded<double>(resources(), batch).lane(0, 5), (std::vector<int>{0, 0, 0, 0, 0}));
}

TEST_P(Viterbi, ObeysForbiddenMovesOverALongSeries) {
  // left to right: state 2 is never left, and nothing jumps over state 1
  Hierarchy h = discrete({1, 0, 0}, {0.99, 0.01, 0, 0, 0.99, 0.01, 0, 0, 1});
  h.means = {0, 3, 6};
  std::vector<double> series;
  for (int t = 0; t < 5000; ++t) series.push_back(t < 2000 ? 0 : t < 3000 ? 3 : 6);
  series[500] = 6;  // a stray bar must not pull the path ahead
  const std::vector<int> path = Decoded<float>(resources(), TestBatch<float>({h}, {series})).lane(0, 5000);
  for (int t = 0; t < 5000; ++t) EXPECT_EQ(path[t], t < 2000 ? 0 : t < 3000 ? 1 : 2) << t;
}

}  // namespace
}  // namespace regent::cuda::hmm
