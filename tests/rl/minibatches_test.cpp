#include "rl/minibatches.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace regent::rl {
namespace {

std::vector<std::int64_t> counted(std::int64_t count) {
  std::vector<std::int64_t> steps(static_cast<std::size_t>(count));
  std::iota(steps.begin(), steps.end(), 0);
  return steps;
}

TEST(Minibatches, LeaveFrozenStepsOut) {
  const std::vector<std::uint8_t> frozen{0, 1, 0, 0, 1};
  EXPECT_THAT(learnable_steps(frozen), testing::ElementsAre(0, 2, 3));
}

TEST(Minibatches, ShuffleKeepsEveryStepAndRepeatsForTheSamePass) {
  std::vector<std::int64_t> first = counted(5000), again = counted(5000), other = counted(5000);
  shuffle_steps(first, 1, 7);
  shuffle_steps(again, 1, 7);
  shuffle_steps(other, 1, 8);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, counted(5000));
}

TEST(Minibatches, ShuffleSendsEveryStepToEveryPlaceEquallyOften) {
  constexpr int size = 6, passes = 12000;
  std::vector<int> counts(size * size);
  for (std::uint32_t pass = 0; pass < passes; ++pass) {
    std::vector<std::int64_t> steps = counted(size);
    shuffle_steps(steps, 3, pass);
    for (std::size_t place = 0; place < size; ++place) {
      ++counts[place * size + static_cast<std::size_t>(steps[place])];
    }
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 2000.0) * (count - 2000.0) / 2000.0;
  EXPECT_LT(chi_square, 52.6);  // 25 degrees of freedom, 0.1 % quantile
}

TEST(Minibatches, BoundsCoverEverythingInNearlyEqualParts) {
  for (const std::int64_t count : {1, 2, 100, 8191, 8192, 8193, 32768, 30001}) {
    const std::vector<std::int64_t> bounds = minibatch_bounds(count, 8192);
    EXPECT_EQ(bounds.front(), 0);
    EXPECT_EQ(bounds.back(), count);
    for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
      const std::int64_t size = bounds[i + 1] - bounds[i];
      EXPECT_GT(size, 0);
      EXPECT_LE(size, 8192 + 4096);
    }
  }
  EXPECT_THAT(minibatch_bounds(0, 8), testing::IsEmpty());
  EXPECT_THAT(minibatch_bounds(24, 8), testing::ElementsAre(0, 8, 16, 24));
}

}  // namespace
}  // namespace regent::rl
