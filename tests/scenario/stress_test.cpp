#include "scenario/stress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/atomic_file.hpp"
#include "base/error.hpp"

namespace regent::scenario {
namespace {

std::string error_of(const std::string& toml) {
  try {
    stresses_from_toml(toml, "s.toml");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Stress, OfACrisisMovesTheMarketThenFades) {
  const auto all = stresses_from_toml(
      "[[stress]]\nname = \"c\"\nkind = \"crisis\"\nat = 2\nmoves = [-0.1, 0.05]\nvolatility = 3\nhalf_life "
      "= 1\nspread = 5\n",
      "s.toml");
  const auto schedule = schedule_of(all.at(0), 6, {});
  const double moves[] = {0, 0, std::log(0.9), std::log(1.05), 0, 0}, volatility[] = {1, 1, 3, 3, 2, 1.5};
  for (int t = 0; t < 6; ++t) {
    EXPECT_NEAR(schedule[t].market_move, moves[t], 1e-15) << t;
    EXPECT_DOUBLE_EQ(schedule[t].volatility, volatility[t]) << t;
    EXPECT_DOUBLE_EQ(schedule[t].spread, 1 + 2 * (volatility[t] - 1)) << t;
    EXPECT_EQ(schedule[t].regime, -1);
  }
}

TEST(Stress, OfOneNameIsLaidOverItself) {
  const auto all = stresses_from_toml(
      "[[stress]]\nname = \"a\"\nkind = \"bear_market\"\nbars = 4\ntotal = -0.4\nspread = 2\n"
      "[[stress]]\nname = \"b\"\nkind = \"jump_storm\"\nbars = 2\nmultiple = 7\n"
      "[[stress]]\nname = \"a\"\nkind = \"liquidity_shock\"\nat = 1\nbars = 2\nspread = 3\nimpact = 4\n"
      "[[stress]]\nname = \"b\"\nkind = \"trend_reversal\"\nbars = 3\nstrength = 0.5\n"
      "[[stress]]\nname = \"b\"\nkind = \"regime\"\nat = 3\nbars = 1\nregime = \"chaos\"\n"
      "[[stress]]\nname = \"b\"\nkind = \"volatility_spike\"\nat = 1\nmultiple = 2\n",
      "s.toml");
  ASSERT_EQ(all.size(), 2U);
  const auto a = schedule_of(all[0], 5, {}), b = schedule_of(all[1], 5, {"calm", "chaos"});
  double sum = 0;
  for (const auto& stress : a) sum += stress.market_move;
  EXPECT_NEAR(std::exp(sum), 0.6, 1e-12);
  const double spread[] = {2, 6, 6, 2, 1}, impact[] = {1, 4, 4, 1, 1}, jumps[] = {7, 7, 1, 1, 1};
  const double drift[] = {-0.5, -0.5, -0.5, 1, 1}, volatility[] = {1, 2, 1, 1, 1};
  for (int t = 0; t < 5; ++t) {
    EXPECT_EQ(a[t].spread, spread[t]) << t;
    EXPECT_EQ(a[t].impact, impact[t]) << t;
    EXPECT_EQ(b[t].jumps, jumps[t]) << t;
    EXPECT_EQ(b[t].drift, drift[t]) << t;
    EXPECT_EQ(b[t].volatility, volatility[t]) << t;
    EXPECT_EQ(b[t].regime, t == 3 ? 1 : -1) << t;
  }
}

TEST(Stress, SaysWhereAndWhatIsWrong) {
  using testing::HasSubstr;
  const std::string begin = "[[stress]]\nname = \"a\"\nkind = \"jump_storm\"\n";
  EXPECT_THAT(error_of("[[stres]]\nname = \"a\"\n"), HasSubstr("s.toml:1: unknown key 'stres'"));
  EXPECT_THAT(error_of("[[stress]]\nname = \"a\"\nkind = \"crysis\"\n"),
              HasSubstr("s.toml:3: stress.kind: unknown kind 'crysis', did you mean 'crisis'?"));
  EXPECT_THAT(error_of(begin + "bars = 2\n"), HasSubstr("stress.multiple: missing"));
  EXPECT_THAT(error_of(begin + "bars = 0\nmultiple = 2\n"),
              HasSubstr("s.toml:4: stress.bars: a whole number from 1"));
  EXPECT_THAT(error_of(begin + "bars = 2\nmultiple = nan\n"),
              HasSubstr("s.toml:5: stress.multiple: nan is out of range"));
  EXPECT_THAT(error_of(begin + "bars = 2\nmultiple = \"2\"\n"), HasSubstr("a number is needed"));
  EXPECT_THAT(error_of(begin + "bars = 2\nmultiple = 2\nspread = 2\n"),
              HasSubstr("s.toml:6: stress.spread: unknown key of jump_storm"));
  EXPECT_THAT(error_of("[[stress]]\nname = \"../a\"\nkind = \"jump_storm\"\nbars = 2\nmultiple = 2\n"),
              HasSubstr("letters, digits"));
  EXPECT_THAT(error_of("[[stress]]\nname = \"baseline\"\nkind = \"jump_storm\"\nbars = 2\nmultiple = 2\n"),
              HasSubstr("what has no stress"));
  EXPECT_THAT(error_of("[[stress]\n"), HasSubstr("s.toml:1: no TOML"));
  EXPECT_THAT(error_of(""), HasSubstr("no [[stress]] in it"));
}

}  // namespace
}  // namespace regent::scenario
