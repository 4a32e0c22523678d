#include "cuda/hmm/long_viterbi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/hmm/long_series.hpp"
#include "cuda/hmm/viterbi.hpp"
#include "tests/cuda/hmm/batch.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::discrete;
using reference::Generator;
using reference::hardly_forgetting;
using reference::Hierarchy;
using testing::IsEmpty;

// Long enough to be cut: 64 pieces.
constexpr int bars_cut = 33'000;

struct Path {
  std::vector<std::uint8_t> states;
  double log_probability = 0;
};

// Bar by bar in double, from flat laws and plain formulas.
Path plain(const Hierarchy& h, const std::vector<double>& series) {
  const std::vector<double> start = reference::flat_start(h), flat = reference::flat_transition(h);
  const std::vector<double> table = reference::log_densities(h, series);
  const int states = h.states();
  const std::size_t steps = table.size() / states;
  std::vector<double> score(states), next(states);
  std::vector<std::uint8_t> origins(table.size());
  double taken_off = 0;
  for (std::size_t t = 0; t < steps; ++t) {
    for (int to = 0; to < states; ++to) {
      double best = t == 0 ? std::log(start[to]) : -INFINITY;
      for (int from = 0; t > 0 && from < states; ++from) {
        const double candidate = score[from] + std::log(flat[from * states + to]);
        if (candidate > best) best = candidate, origins[t * states + to] = static_cast<std::uint8_t>(from);
      }
      next[to] = best + table[t * states + to];
    }
    const double largest = *std::ranges::max_element(next);
    taken_off += largest;
    for (int k = 0; k < states; ++k) score[k] = next[k] - largest;
  }
  Path result{std::vector<std::uint8_t>(steps), taken_off};
  auto state = static_cast<std::uint8_t>(std::ranges::max_element(score) - score.begin());
  for (std::size_t t = steps; t-- > 0;) {
    result.states[t] = state;
    state = origins[t * states + state];
  }
  return result;
}

// Of a path and the data together.
double log_probability_of(const Hierarchy& h, const std::vector<double>& series, const Path& path) {
  const std::vector<double> start = reference::flat_start(h), flat = reference::flat_transition(h);
  const std::vector<double> table = reference::log_densities(h, series);
  double sum = std::log(start[path.states[0]]);
  for (std::size_t t = 0; t < path.states.size(); ++t) {
    if (t > 0) sum += std::log(flat[path.states[t - 1] * h.states() + path.states[t]]);
    sum += table[t * h.states() + path.states[t]];
  }
  return sum;
}

// The first bars whose states differ.
std::vector<std::size_t> differing(const Path& a, const Path& b) {
  std::vector<std::size_t> bars;
  for (std::size_t t = 0; t < a.states.size() && bars.size() < 9; ++t) {
    if (a.states[t] != b.states[t]) bars.push_back(t);
  }
  return bars;
}

template <class T>
struct Whole {
  TestBatch<T> batch;
  std::vector<T> series;
  Whole(const Hierarchy& h, const std::vector<double>& values)
      : batch({h}, {values}), series(values.begin(), values.end()) {}
  BatchView<T> view() const {
    BatchView<T> view = batch.view();
    view.observations = series.data();
    view.shared = true;
    return view;
  }
  Path in_pieces(const Resources& resources) const {
    EXPECT_GT(chunks_of(view()), 1);
    Path path{std::vector<std::uint8_t>(static_cast<std::size_t>(batch.steps)), 0};
    path.log_probability = long_viterbi<T>(resources, view(), path.states);
    return path;
  }
  Path in_order(const Resources& resources) const {
    std::vector<std::uint8_t> states(static_cast<std::size_t>(batch.steps) * 32);
    std::vector<double> log_probability(32);
    viterbi<T>(resources, view(), states, log_probability);
    Path path{{}, log_probability[0]};
    for (std::int64_t t = 0; t < batch.steps; ++t) path.states.push_back(states[t * 32]);
    return path;
  }
};

class LongViterbi : public OnEveryDevice {
 protected:
  // `ties`: other paths may be as probable, as where the moves of two missing bars change places.
  void expect_the_plain_path(const Hierarchy& h, const std::vector<double>& series, bool ties = false) const {
    const Path truth = plain(h, series);
    const double scale = 1 + std::abs(truth.log_probability);
    const Whole<double> whole(h, series);
    const Path exact = whole.in_pieces(resources());
    if (!ties) {
      EXPECT_THAT(differing(exact, truth), IsEmpty());
    }
    EXPECT_NEAR(log_probability_of(h, series, exact), truth.log_probability, 1e-11 * scale);
    EXPECT_THAT(differing(exact, whole.in_order(resources())), IsEmpty());
    EXPECT_NEAR(exact.log_probability, truth.log_probability, 1e-11 * scale);
    const Whole<float> single(h, series);
    const Path in_float = single.in_pieces(resources()), in_order = single.in_order(resources());
    EXPECT_THAT(differing(in_float, in_order), IsEmpty());
    EXPECT_NEAR(in_float.log_probability, in_order.log_probability, 1e-7 * scale);
  }
};
REGENT_ON_EVERY_DEVICE(LongViterbi);

TEST_P(LongViterbi, FindsThePathOfThePassInOrder) {
  for (std::uint64_t seed : {91, 92, 93, 94}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed);
    Hierarchy h = seed == 91 ? generator.hierarchy(1, 3, 2) : generator.hierarchy(3, 3, 2);
    if (seed == 94) h = generator.student(h);
    const bool missing = seed == 93;
    expect_the_plain_path(h, generator.series(h, bars_cut + static_cast<int>(seed), missing ? 0.2 : 0),
                          missing);
  }
}

// Three regimes of a hundred bars that overlap: what a piece ends in is often not what later bars say.
TEST_P(LongViterbi, EndsAPieceInTheStateThatTheNextOneCameFrom) {
  Generator generator(95);
  Hierarchy h = discrete({0.2, 0.3, 0.5}, {0.98, 0.01, 0.01, 0.01, 0.98, 0.01, 0.01, 0.01, 0.98});
  h.means = {-0.3, 0, 0.3};
  std::vector<double> series;
  for (int t = 0, state = 0; t < bars_cut; ++t) {
    if (generator.uniform(0, 1) < 0.02) state = generator.integer(0, 2);
    series.push_back(h.means[state] + generator.normal());
  }
  expect_the_plain_path(h, series);
}

TEST_P(LongViterbi, CarriesAModelThatHardlyForgetsThroughEveryPiece) {
  Generator generator(96);
  const Hierarchy h = hardly_forgetting(generator);
  expect_the_plain_path(h, generator.series(h, bars_cut, 0));
}

// Which of the three a state follows is known from the first bar to the last; bars say little.
TEST_P(LongViterbi, KeepsWhatIsNeverForgotten) {
  Generator generator(97);
  Hierarchy round = discrete({0.2, 0.3, 0.5}, {0, 1, 0, 0, 0, 1, 1, 0, 0});
  round.means = {0, 0.02, 0.05};
  std::vector<double> series;
  for (int t = 0; t < bars_cut; ++t) series.push_back(round.means[(t + 1) % 3] + generator.normal());
  expect_the_plain_path(round, series);
  Hierarchy apart = discrete({0.4, 0.6}, {1, 0, 0, 1});
  apart.means = {0, 0.01};
  expect_the_plain_path(apart, series);
}

// Too many to be run from all of them on a CPU.
TEST_P(LongViterbi, KeepsWhichOfTenStatesItBeganIn) {
  Generator generator(100);
  Hierarchy h = discrete(std::vector<double>(10, 0.1), std::vector<double>(100, 0));
  for (int k = 0; k < 10; ++k) {
    h.micro_transition[11 * k] = 1;
    h.means[k] = 0.003 * k;
  }
  std::vector<double> series;
  for (int t = 0; t < bars_cut; ++t) series.push_back(h.means[6] + generator.normal());
  expect_the_plain_path(h, series);
}

TEST_P(LongViterbi, GoesFromLeftToRightOnce) {
  Generator generator(98);
  Hierarchy h = discrete({1, 0, 0}, {0.999, 0.001, 0, 0, 0.999, 0.001, 0, 0, 1});
  h.means = {0, 0.5, 1};
  std::vector<double> series;
  for (int t = 0; t < bars_cut; ++t)
    series.push_back((t < 12'345 ? 0 : t < 20'000 ? 0.5 : 1) + generator.normal());
  expect_the_plain_path(h, series);
}

// A year in which nothing is traded: every path that stays is as good, until bars speak again.
TEST_P(LongViterbi, CrossesAStretchOfMissingBars) {
  Generator generator(99);
  const Hierarchy h = generator.hierarchy(2, 2, 1);
  std::vector<double> series = generator.series(h, bars_cut, 0);
  std::fill(series.begin() + 3'000, series.begin() + 6'000, NAN);
  expect_the_plain_path(h, series, true);
}

}  // namespace
}  // namespace regent::cuda::hmm
