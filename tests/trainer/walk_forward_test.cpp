#include "trainer/walk_forward.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/time.hpp"

namespace regent::trainer {
namespace {

// Every day of the years [first, last].
std::vector<TimestampMs> days_of(int first, int last) {
  std::vector<TimestampMs> days;
  for (TimestampMs t = start_of_year(first); t < start_of_year(last + 1); t += 86'400'000) days.push_back(t);
  return days;
}

WalkForwardSettings settings_for(int first, int last) {
  WalkForwardSettings settings;
  settings.first_test_year = first;
  settings.last_test_year = last;
  settings.min_train_bars = 365;
  return settings;
}

std::string error_of(const std::vector<TimestampMs>& days, const WalkForwardSettings& settings) {
  try {
    plan_folds(days, settings);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no InputError";
}

TEST(WalkForward, WindowsFollowEachOtherWithTheEmbargoBetween) {
  const auto days = days_of(2000, 2009);
  const auto folds = plan_folds(days, settings_for(2005, 2009));
  ASSERT_EQ(folds.size(), 5U);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    const int year = 2005 + static_cast<int>(i);
    const Fold& fold = folds[i];
    EXPECT_EQ(fold.index, i);
    EXPECT_EQ(days[fold.test_first], start_of_year(year));
    EXPECT_EQ(fold.name, std::to_string(year) + "-01-01");
    EXPECT_EQ(fold.serve_from_ms, start_of_year(year));
    EXPECT_EQ(days[fold.validation_first], start_of_year(year - 2));
    EXPECT_EQ(fold.validation_end, fold.test_first - 5);
    EXPECT_EQ(fold.train_end, fold.validation_first - 5);
    EXPECT_EQ(fold.test_end, i + 1 < folds.size() ? folds[i + 1].test_first : days.size());
  }
}

TEST(WalkForward, TestsEveryBarOfTheTestYearsOnceWhateverTheRefit) {
  const auto days = days_of(2000, 2012);
  for (const int refit : {1, 2, 3, 5, 20}) {
    WalkForwardSettings settings = settings_for(2006, 2011);
    settings.refit_years = refit;
    const auto folds = plan_folds(days, settings);
    EXPECT_EQ(folds.size(), static_cast<std::size_t>((6 + refit - 1) / refit));
    std::size_t next = folds.front().test_first;
    EXPECT_EQ(days[next], start_of_year(2006));
    for (const Fold& fold : folds) {
      EXPECT_EQ(fold.test_first, next);
      next = fold.test_end;
    }
    EXPECT_EQ(days[next], start_of_year(2012));
  }
}

TEST(WalkForward, ByDefaultTestsTheLastTenYearsThatHaveEnoughBeforeThem) {
  WalkForwardSettings settings = settings_for(0, 0);
  EXPECT_EQ(plan_folds(days_of(1990, 2022), settings).front().name, "2013-01-01");
  EXPECT_EQ(plan_folds(days_of(1990, 2022), settings).size(), 10U);
  // two years of validation and one of training (a leap year, so that the embargo leaves 361) and so another
  EXPECT_EQ(plan_folds(days_of(2016, 2022), settings).front().name, "2020-01-01");
}

TEST(WalkForward, SkipsYearsWithoutBars) {
  auto days = days_of(2000, 2009);
  std::erase_if(days, [](TimestampMs t) { return year_of(t) == 2007; });
  const auto folds = plan_folds(days, settings_for(2006, 2008));
  ASSERT_EQ(folds.size(), 2U);
  EXPECT_EQ(folds[1].name, "2008-01-01");
  EXPECT_EQ(folds[1].index, 1U);
  EXPECT_EQ(folds[0].test_end, folds[1].test_first);
}

TEST(WalkForward, SwitchedOffTrainsOnceOnAllButTheLastYears) {
  const auto days = days_of(2000, 2009);
  WalkForwardSettings settings = settings_for(0, 0);
  settings.enabled = false;
  const auto folds = plan_folds(days, settings);
  ASSERT_EQ(folds.size(), 1U);
  EXPECT_EQ(folds[0].name, "final");
  EXPECT_EQ(days[folds[0].validation_first], start_of_year(2008));
  EXPECT_EQ(folds[0].validation_end, days.size());
  EXPECT_EQ(folds[0].train_end, folds[0].validation_first - 5);
  EXPECT_EQ(folds[0].test_first, folds[0].test_end);
  EXPECT_EQ(folds[0].serve_from_ms, days.back() + 1);
}

TEST(WalkForward, SaysWhatIsTooShortOrOutside) {
  const auto days = days_of(2000, 2009);
  EXPECT_THAT(error_of(days, settings_for(2002, 2005)),
              testing::AllOf(testing::HasSubstr("2002"), testing::HasSubstr("min_train_bars")));
  EXPECT_THAT(error_of(days, settings_for(2005, 2011)), testing::HasSubstr("2000 to 2009"));
  EXPECT_THAT(error_of(days, settings_for(2008, 2005)), testing::HasSubstr("2008 to 2005"));
  EXPECT_THAT(error_of({}, settings_for(0, 0)), testing::HasSubstr("no bars"));
  WalkForwardSettings settings = settings_for(2005, 2009);
  settings.embargo_bars = 10000;
  EXPECT_THAT(error_of(days, settings), testing::HasSubstr("0 training bars"));
}

}  // namespace
}  // namespace regent::trainer
