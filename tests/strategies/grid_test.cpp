#include "strategies/grid.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace regent::strategies {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Parameter bars{
    .name = "bars", .meaning = "", .fallback = 5, .least = 1, .most = 1000, .is_whole = true, .grid = "5"};
const Parameter level{
    .name = "level", .meaning = "", .fallback = 0, .least = -1, .most = 1, .is_whole = false, .grid = "0"};

std::string refusal(const Parameter& parameter, const std::string& text) {
  try {
    parse_axis(parameter, text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Grid, ReadsRangesValuesAndLists) {
  EXPECT_THAT(parse_axis(bars, "5:20:5"), ElementsAre(5, 10, 15, 20));
  EXPECT_THAT(parse_axis(bars, "5:19:5"), ElementsAre(5, 10, 15));
  EXPECT_THAT(parse_axis(bars, "3:5"), ElementsAre(3, 4, 5));
  EXPECT_THAT(parse_axis(bars, "7"), ElementsAre(7));
  EXPECT_THAT(parse_axis(bars, "20/5/9"), ElementsAre(20, 5, 9));
  EXPECT_THAT(parse_axis(level, "-0.1:0.3:0.1"), ElementsAre(-0.1, 0, 0.1, 0.2, 0.3));
}

TEST(Grid, RefusesWhatIsNoGridAndSaysWhy) {
  EXPECT_THAT(refusal(bars, "5:"), HasSubstr("\"\" is no number"));
  EXPECT_THAT(refusal(bars, "a"), HasSubstr("\"a\" is no number"));
  EXPECT_THAT(refusal(bars, "5:10:0"), HasSubstr("step must be positive"));
  EXPECT_THAT(refusal(bars, "5:10:-1"), HasSubstr("step must be positive"));
  EXPECT_THAT(refusal(bars, "10:5"), HasSubstr("below the first"));
  EXPECT_THAT(refusal(bars, "1:2:1:1"), HasSubstr("colons"));
  EXPECT_THAT(refusal(bars, "0:10:5"), HasSubstr("0 is not between 1 and 1000"));
  EXPECT_THAT(refusal(bars, "2.5"), HasSubstr("2.5 is not whole"));
  EXPECT_THAT(refusal(bars, "5/5"), HasSubstr("5 stands twice"));
  EXPECT_THAT(refusal(bars, "nan"), HasSubstr("no number"));
  EXPECT_THAT(refusal(level, "0:1:1e-12"), HasSubstr("more than 100000 values"));
}

TEST(Grid, PiecesAreNamesWithValues) {
  EXPECT_THAT(parse_grid("fast=5:10,slow=20"),
              ElementsAre(std::pair("fast", "5:10"), std::pair("slow", "20")));
  EXPECT_TRUE(parse_grid("").empty());
  for (const char* wrong : {"fast", "=5", "fast=", "fast=5,fast=6", "fast=5,"}) {
    EXPECT_THROW(parse_grid(wrong), InputError) << wrong;
  }
}

TEST(Grid, CombinationsRunThroughTheFirstParameterFastestAndMeetTheCondition) {
  const Combinations all(family_named("sma_cross"),
                         {{"fast", "5:15:5"}, {"slow", "10/20"}, {"stop", "0/0.1"}}, true, true);
  ASSERT_EQ(all.size(), 8U);  // fast < slow: (5, 10), (5, 20), (10, 20), (15, 20), each with two stops
  EXPECT_THAT(all.values(0), ElementsAre(5, 10, 0, 0));
  EXPECT_THAT(all.values(1), ElementsAre(5, 20, 0, 0));
  EXPECT_THAT(all.values(3), ElementsAre(15, 20, 0, 0));
  EXPECT_THAT(all.values(7), ElementsAre(15, 20, 0.1, 0));
  EXPECT_EQ(all.text(7), "fast=15 slow=20 stop=0.1");
}

TEST(Grid, SomeCombinationsAloneKeepTheirValuesAndOrder) {
  const Combinations all(family_named("sma_cross"), {{"fast", "5/15"}, {"slow", "10/20"}, {"stop", "0/0.1"}},
                         true, true);
  const std::vector<std::size_t> chosen{5, 1, 3};
  const Combinations some = all.only(chosen);
  ASSERT_EQ(some.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(some.values(i), all.values(chosen[i]));
}

TEST(Grid, TooManyCombinationsUnknownNamesAndEmptyGridsAreRefused) {
  const Family& family = family_named("sma_cross");
  EXPECT_THROW(Combinations(family, {{"fast", "1:2000"}, {"slow", "1:2000"}}, true, true), InputError);
  EXPECT_THROW(
      Combinations(family, {{"fast", "1:99999"}, {"slow", "1:99999"}, {"stop", "0:0.9:0.00001"}}, true, true),
      InputError);
  EXPECT_THROW(Combinations(family, {{"window", "5"}}, true, true), InputError);
  EXPECT_NO_THROW(Combinations(family, {{"window", "5"}}, true, false));
  EXPECT_THROW(Combinations(family, {{"fast", "50"}, {"slow", "20"}}, true, true), InputError);
}

}  // namespace
}  // namespace regent::strategies
