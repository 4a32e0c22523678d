#include "hmm/stability.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

using Bars = std::vector<std::int64_t>;
using Labels = std::vector<std::string>;

// market_hierarchy(3): calm, trend, chaos of three states each.
const std::vector<int> path{0, 1, 2, 3, 4, 5, 8, 8, 0, 0};

TEST(Stability, SeesNothingChangeWherePathsDifferWithinRegimesOnly) {
  const Model model = market_hierarchy(3);
  const std::vector<int> other{2, 0, 1, 5, 5, 3, 6, 7, 1, 2};
  const Stability same = stability(model, path, model, other);
  EXPECT_EQ(same.labels, model.labels);
  EXPECT_EQ(same.bars, (Bars{5, 0, 0, 0, 3, 0, 0, 0, 2}));
  EXPECT_EQ(same.all(), 10);
  EXPECT_EQ(same.changed(), 0);
}

TEST(Stability, CountsWhatAnExchangeOfRegimesRenames) {
  const Model model = market_hierarchy(3);
  std::vector<int> exchanged = path;  // calm and trend
  for (int& state : exchanged) state = state < 3 ? state + 3 : state < 6 ? state - 3 : state;
  const Stability moved = stability(model, path, model, exchanged);
  EXPECT_EQ(moved.bars, (Bars{0, 5, 0, 3, 0, 0, 0, 0, 2}));
  EXPECT_EQ(moved.changed(), 8);
  EXPECT_DOUBLE_EQ(moved.share(), 0.8);
}

TEST(Stability, MatchesRegimesByLabelWhateverTheirNumbersAndShapes) {
  const Model before = market_hierarchy(3);
  Model after;  // what it emits does not matter
  after.macros = 3;
  after.micros = 2;
  after.labels = {"chaos", "storm", "calm"};
  // chaos stays chaos, calm stays calm, trend became storm
  const std::vector<int> later{4, 4, 5, 2, 2, 3, 0, 1, 4, 4};
  const Stability moved = stability(before, path, after, later);
  EXPECT_EQ(moved.labels, (Labels{before.labels[0], before.labels[1], before.labels[2], "storm"}));
  EXPECT_EQ(moved.bars[0], 5);
  EXPECT_EQ(moved.bars[1 * 4 + 3], 3);
  EXPECT_EQ(moved.bars[2 * 4 + 2], 2);
  EXPECT_EQ(moved.changed(), 3);
}

TEST(Stability, CountsBarsThatAModelHoldsImpossibleAsChanged) {
  const Model model = market_hierarchy(3);
  std::vector<int> lost = path;
  lost[0] = lost[9] = -1;
  for (const Stability& moved : {stability(model, path, model, lost), stability(model, lost, model, path)}) {
    EXPECT_EQ(moved.impossible, 2);
    EXPECT_EQ(moved.all(), 10);
    EXPECT_EQ(moved.changed(), 2);
  }
}

TEST(Stability, RefusesPathsOfOtherLengthOrOfNoBar) {
  const Model model = market_hierarchy(3);
  EXPECT_THROW(stability(model, path, model, std::vector<int>(9)), InputError);
  EXPECT_THROW(stability(model, {}, model, {}), InputError);
}

}  // namespace
}  // namespace regent::hmm
