#include "strategies/grid_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace regent::strategies {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& toml) {
  try {
    grid_from_toml(toml, "g.toml");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

std::string of_sma(const std::string& line) {
  return refusal("[[strategy]]\nname = \"sma_cross\"\n" + line + "\n");
}

TEST(GridFile, HoldsTheCombinationsOfItsListsRangesAndNumbersInItsOrder) {
  const GridFile grid = grid_from_toml(
      "folds = 3\nblocks = 4\npurge = 7\nstop = [0, 0.05]\n"
      "[[strategy]]\nname = \"rsi_reversion\"\nwindow = 14\nlow = {from = 20, to = 39, step = 10}\nexit = "
      "50\n"
      "stop = 0.1\n"
      "[[strategy]]\nname = \"sma_cross\"\nfast = {from = 3, to = 5}\nslow = [20, 4]\ntarget = 0.2\n",
      "g.toml");
  EXPECT_EQ(grid.folds, 3);
  EXPECT_EQ(grid.blocks, 4);
  EXPECT_EQ(grid.purge_bars, 7);
  ASSERT_EQ(grid.strategies.size(), 2U);
  const Combinations &rsi = grid.strategies[0], &sma = grid.strategies[1];
  EXPECT_EQ(rsi.family().name, "rsi_reversion");
  ASSERT_EQ(rsi.size(), 2U);
  EXPECT_THAT(rsi.values(0), ElementsAre(14, 20, 50, 0.1, 0));
  EXPECT_THAT(rsi.values(1), ElementsAre(14, 30, 50, 0.1, 0));
  const Combinations flags(family_named("sma_cross"),
                           {{"fast", "3:5"}, {"slow", "20/4"}, {"stop", "0/0.05"}, {"target", "0.2"}}, true,
                           true);
  ASSERT_EQ(sma.size(), flags.size());
  ASSERT_EQ(sma.size(), 8U);
  for (std::size_t i = 0; i < sma.size(); ++i) EXPECT_EQ(sma.values(i), flags.values(i)) << i;
}

TEST(GridFile, LeavesWhatItDoesNotNameToTheStrategysOwnGrid) {
  const GridFile grid = grid_from_toml("[[strategy]]\nname = \"macd\"\nfast = 6\n", "g.toml");
  const Combinations own(family_named("macd"), {{"fast", "6"}}, true, true);
  ASSERT_EQ(grid.strategies.at(0).size(), own.size());
  EXPECT_EQ(grid.strategies[0].values(own.size() - 1), own.values(own.size() - 1));
  EXPECT_FALSE(grid.folds || grid.blocks || grid.purge_bars);
}

TEST(GridFile, NamesFileLineFieldAndValueOfWhatIsWrong) {
  EXPECT_THAT(of_sma("slow = [0, 50]"),
              HasSubstr("g.toml:3: sma_cross.slow = [ 0, 50 ]: 0 is not between 1 and 100000"));
  EXPECT_THAT(of_sma("slow = 2.5"), HasSubstr("g.toml:3: sma_cross.slow = 2.5: 2.5 is not whole"));
  EXPECT_THAT(of_sma("slow = [50, 50]"), HasSubstr("50 stands twice"));
  EXPECT_THAT(of_sma("slow = []"), HasSubstr("no value; expected a number, a list"));
  EXPECT_THAT(of_sma("slow = [50, \"a\"]"), HasSubstr("an entry is no number; expected"));
  EXPECT_THAT(of_sma("slow = \"5:50\""), AllOf(HasSubstr("g.toml:3: sma_cross.slow = "),
                                               HasSubstr("no number, list or range; expected")));
  EXPECT_THAT(of_sma("slow = nan"), HasSubstr("g.toml:3: sma_cross.slow = nan: expected a number"));
  EXPECT_THAT(of_sma("slow = {from = 5}"), HasSubstr("a range needs from and to"));
  EXPECT_THAT(of_sma("slow = {from = 5, to = 9, step = 0}"), HasSubstr("the step must be positive"));
  EXPECT_THAT(of_sma("slow = {from = 9, to = 5}"), HasSubstr("the last value is below the first"));
  EXPECT_THAT(of_sma("slow = {from = 5, to = \"9\"}"), HasSubstr("g.toml:3: sma_cross.slow.to"));
  EXPECT_THAT(of_sma("slow = {from = 5, too = 9}"),
              HasSubstr("g.toml:3: sma_cross.slow.too: unknown key, did you mean 'to'?"));
  EXPECT_THAT(of_sma("slaw = 5"), HasSubstr("g.toml:3: sma_cross.slaw: unknown key, did you mean 'slow'?"));
  EXPECT_THAT(of_sma("fast = 50\nslow = 20"),
              HasSubstr("g.toml:1: sma_cross: no combination of the grid meets"));
  EXPECT_THAT(of_sma("stop = 1.5"), HasSubstr("g.toml:3: sma_cross.stop = 1.5: 1.5 is not between 0 and"));
  EXPECT_THAT(of_sma("slow ="), HasSubstr("g.toml:3: no valid TOML"));
}

TEST(GridFile, NamesWhatIsWrongAroundItsStrategies) {
  EXPECT_THAT(refusal(""), HasSubstr("g.toml: no [[strategy]] in it"));
  EXPECT_THAT(refusal("[strategy]\nname = \"macd\"\n"), HasSubstr("every strategy begins with [[strategy]]"));
  EXPECT_THAT(refusal("foldz = 3\n"), HasSubstr("g.toml:1: foldz: unknown key, did you mean 'folds'?"));
  EXPECT_THAT(refusal("\nfolds = 1.5\n"),
              HasSubstr("g.toml:2: folds = 1.5: expected a whole number from 0 to 100"));
  EXPECT_THAT(refusal("folds = 101\n"), HasSubstr("folds = 101"));
  EXPECT_THAT(refusal("purge = -1\n"), HasSubstr("purge = -1"));
  EXPECT_THAT(refusal("blocks = 5\n"), HasSubstr("blocks = 5: expected an even number"));
  EXPECT_THAT(refusal("stop = -1\n"), HasSubstr("g.toml:1: stop = -1: -1 is not between 0 and"));
  EXPECT_THAT(refusal("[[strategy]]\nfast = 5\n"), HasSubstr("g.toml:1: strategy.name: missing"));
  EXPECT_THAT(refusal("[[strategy]]\nname = 5\n"), HasSubstr("g.toml:2: strategy.name = 5: expected a text"));
  EXPECT_THAT(refusal("[[strategy]]\nname = \"sma_kross\"\n"),
              AllOf(HasSubstr("g.toml:2: strategy.name = "), HasSubstr("did you mean 'sma_cross'?")));
  EXPECT_THAT(refusal("[[strategy]]\nname = \"macd\"\n\n[[strategy]]\nname = \"macd\"\n"),
              HasSubstr("g.toml:5: strategy.name = 'macd': stands already at line 1"));
}

}  // namespace
}  // namespace regent::strategies
