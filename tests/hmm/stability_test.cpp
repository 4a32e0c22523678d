#include "hmm/stability.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "hmm/labels.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

TEST(Stability, IsWholeForTheSameModel) {
  const Model model = market_hierarchy(3);
  const Simulated data = simulate(model, 600, 3);
  const Stability same = stability(model, model, data.bars);
  EXPECT_EQ(same.labels, model.labels);
  EXPECT_EQ(same.changed_in_all, 0);
  EXPECT_EQ(same.states_changed_in_all, 0);
  std::int64_t bars = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(same.changed[i], 0);
    bars += same.bars[i * 4];
  }
  EXPECT_EQ(bars, 600);
}

// Two regimes exchanged: every bar of theirs changed its label, none of the third.
TEST(Stability, CountsWhatAnExchangeOfRegimesRenames) {
  const Model model = market_hierarchy(3);
  const Simulated data = simulate(model, 600, 4);
  const Stability moved =
      stability(model, reordered(model, {1, 0, 2}, {{0, 1, 2}, {0, 1, 2}, {0, 1, 2}}), data.bars);
  EXPECT_EQ(moved.changed[0], 1);
  EXPECT_EQ(moved.changed[1], 1);
  EXPECT_EQ(moved.changed[2], 0);
  const auto stayed = static_cast<double>(moved.bars[8]);
  EXPECT_DOUBLE_EQ(moved.changed_in_all, 1 - stayed / 600);
  EXPECT_GT(moved.bars[1], 0);
  EXPECT_EQ(moved.bars[0], 0);
}

TEST(Stability, SeesMicroStatesMoveWithinTheirRegime) {
  const Model model = market_hierarchy(3);
  const Simulated data = simulate(model, 600, 5);
  const Stability moved =
      stability(model, reordered(model, {0, 1, 2}, {{1, 0, 2}, {0, 1, 2}, {0, 1, 2}}), data.bars);
  EXPECT_EQ(moved.changed_in_all, 0);
  EXPECT_GT(moved.states_changed_in_all, 0);
}

TEST(Stability, HasNoShareForARegimeThatNeverWas) {
  const Model model = market_hierarchy(1);
  const std::vector<double> calm(20, 0.1);
  const Stability one = stability(model, model, calm);
  EXPECT_EQ(one.bars[0] + one.bars[4] + one.bars[8], 20);
  EXPECT_TRUE(std::isnan(one.changed[2]));
}

TEST(Stability, RefusesModelsOfAnotherShape) {
  const std::vector<double> bars(30, 0.1);
  EXPECT_THROW(stability(market_hierarchy(3), market_hierarchy(2), bars), InputError);
  EXPECT_THROW(stability(market_hierarchy(3), market_hierarchy(3), std::vector<double>(4)), InputError);
  EXPECT_THROW(stability(market_hierarchy(3), market_hierarchy(3), std::vector<double>{}), InputError);
}

}  // namespace
}  // namespace regent::hmm
