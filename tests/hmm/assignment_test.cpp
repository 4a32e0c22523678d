#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "hmm/labels.hpp"

namespace regent::hmm {
namespace {

double total(const std::vector<double>& cost, const std::vector<int>& columns) {
  double sum = 0;
  for (std::size_t row = 0; row < columns.size(); ++row) sum += cost[row * columns.size() + columns[row]];
  return sum;
}

TEST(OptimalAssignment, CostsNoMoreThanAnyPermutation) {
  std::mt19937_64 engine(3);
  std::uniform_real_distribution<double> uniform(-2, 5);
  for (int n = 1; n <= 6; ++n) {
    for (int round = 0; round < 50; ++round) {
      std::vector<double> cost(n * n);
      for (double& value : cost) value = uniform(engine);
      std::vector<int> permutation(n);
      std::iota(permutation.begin(), permutation.end(), 0);
      double best = total(cost, permutation);
      while (std::next_permutation(permutation.begin(), permutation.end()))
        best = std::min(best, total(cost, permutation));
      const std::vector<int> found = optimal_assignment(cost, n);
      EXPECT_NEAR(total(cost, found), best, 1e-12) << "n " << n << ", round " << round;
      std::vector<int> sorted = found;
      std::sort(sorted.begin(), sorted.end());
      for (int i = 0; i < n; ++i) EXPECT_EQ(sorted[i], i);
    }
  }
}

TEST(OptimalAssignment, IsNotTheGreedyOne) {
  // greedy takes 0→0 for 1 and pays 100 for the rest
  EXPECT_EQ(optimal_assignment(std::vector<double>{1, 2, 3, 100}, 2), (std::vector<int>{1, 0}));
}

}  // namespace
}  // namespace regent::hmm
