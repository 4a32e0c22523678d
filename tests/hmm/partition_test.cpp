#include "hmm/partition.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

std::vector<double> random_counts(int states, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::exponential_distribution<double> size(0.1);
  std::vector<double> counts(states * states);
  for (double& count : counts) count = size(engine);
  return counts;
}

// Σ count · log P under a hierarchy, from its flat transition law.
double likelihood_under(const Model& model, const std::vector<double>& counts,
                        const std::vector<int>& order) {
  const int states = model.states();
  const std::vector<double> flat = model.flat_transition();
  double sum = 0;
  for (int from = 0; from < states; ++from) {
    for (int to = 0; to < states; ++to) {
      sum += counts[order[from] * states + order[to]] * std::log(flat[from * states + to]);
    }
  }
  return sum;
}

// The likeliest hierarchy of counts, by the frequencies that its definition names.
Model likeliest(const std::vector<double>& counts, const std::vector<int>& order, int macros, int micros) {
  const int states = macros * micros;
  const auto count = [&](int from, int to) { return counts[order[from] * states + order[to]]; };
  Model model = market_hierarchy(1);
  model.macros = macros;
  model.micros = micros;
  model.macro_start.assign(macros, 1.0 / macros);
  model.macro_transition.assign(macros * macros, 0);
  model.micro_start.assign(states, 0);
  model.micro_exit.assign(states, 0);
  model.micro_transition.assign(states * micros, 0);
  for (int from = 0; from < states; ++from) {
    double stayed = 0, left = 0;
    for (int to = 0; to < states; ++to) {
      if (to / micros == from / micros) {
        stayed += count(from, to);
        model.micro_transition[from * micros + to % micros] += count(from, to);
      } else {
        left += count(from, to);
        model.macro_transition[from / micros * macros + to / micros] += count(from, to);
        model.micro_start[to] += count(from, to);
      }
    }
    model.micro_exit[from] = left / (stayed + left);
    for (int j = 0; j < micros; ++j) model.micro_transition[from * micros + j] /= stayed;
  }
  for (int i = 0; i < macros; ++i) {
    double* row = &model.macro_transition[i * macros];
    const double moved = std::accumulate(row, row + macros, 0.0);
    for (int to = 0; to < macros; ++to) row[to] /= moved;
    double* entry = &model.micro_start[i * micros];
    const double entered = std::accumulate(entry, entry + micros, 0.0);
    for (int j = 0; j < micros; ++j) entry[j] /= entered;
  }
  return model;
}

TEST(Partition, LikelihoodIsThatOfTheLikeliestHierarchyOfTheCounts) {
  std::mt19937_64 engine(3);
  for (const auto& [macros, micros] : {std::pair{3, 3}, std::pair{2, 4}, std::pair{5, 2}, std::pair{4, 1}}) {
    std::vector<int> order(macros * micros);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), engine);
    const std::vector<double> counts = random_counts(macros * micros, macros);
    EXPECT_NEAR(partition_likelihood(counts, order, macros, micros),
                likelihood_under(likeliest(counts, order, macros, micros), counts, order), 1e-9);
  }
}

TEST(Partition, IsTheLikeliestOfAll) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<double> counts = random_counts(6, seed);
    std::vector<int> order{0, 1, 2, 3, 4, 5};
    double best = -INFINITY;
    do best = std::max(best, partition_likelihood(counts, order, 3, 2));
    while (std::next_permutation(order.begin(), order.end()));
    const std::vector<int> found = best_partition(counts, 3, 2, 1);
    EXPECT_NEAR(partition_likelihood(counts, found, 3, 2), best, 1e-12 * std::abs(best)) << "seed " << seed;
  }
}

// Counts of a known hierarchy with its states shuffled: enumerated (3 × 3) and searched (4 × 4).
TEST(Partition, FindsThePlantedRegimes) {
  std::mt19937_64 engine(5);
  std::uniform_real_distribution<double> uniform(0.2, 1);
  for (const auto& [macros, micros] : {std::pair{3, 3}, std::pair{4, 4}, std::pair{2, 8}}) {
    const int states = macros * micros;
    Model model = likeliest(
        random_counts(states, 9),
        [&] {
          std::vector<int> order(states);
          std::iota(order.begin(), order.end(), 0);
          return order;
        }(),
        macros, micros);
    for (double& exit : model.micro_exit) exit = 0.05 * uniform(engine);
    const std::vector<double> flat = model.flat_transition();
    std::vector<int> place(states);  // of every planted state among the shuffled ones
    std::iota(place.begin(), place.end(), 0);
    std::shuffle(place.begin(), place.end(), engine);
    std::vector<double> counts(states * states);
    for (int from = 0; from < states; ++from) {
      for (int to = 0; to < states; ++to)
        counts[place[from] * states + place[to]] = 500 * flat[from * states + to];
    }
    std::set<std::set<int>> planted, found;
    const std::vector<int> order = best_partition(counts, macros, micros, 1);
    for (int i = 0; i < macros; ++i) {
      std::set<int> a, b;
      for (int j = 0; j < micros; ++j) {
        a.insert(place[i * micros + j]);
        b.insert(order[i * micros + j]);
      }
      planted.insert(a);
      found.insert(b);
    }
    EXPECT_EQ(planted, found) << macros << " regimes of " << micros;
  }
}

}  // namespace
}  // namespace regent::hmm
