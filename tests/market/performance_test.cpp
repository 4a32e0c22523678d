#include "market/performance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace regent::market {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Performance, EqualsItsClosedFormsOnAShortSeries) {
  const std::vector<double> returns{0.10, -0.05, 0.02, -0.20, 0.15};
  const auto p = performance_of(returns, 5);
  const double total = 1.10 * 0.95 * 1.02 * 0.80 * 1.15 - 1;
  EXPECT_EQ(p.periods, 5U);
  EXPECT_NEAR(p.total_return, total, 1e-15);
  EXPECT_NEAR(p.annual_return, total, 1e-15);  // five periods are one year
  const double mean = 0.02 / 5;
  double second = 0, third = 0, fourth = 0;
  for (const double r : returns) {
    second += std::pow(r - mean, 2);
    third += std::pow(r - mean, 3);
    fourth += std::pow(r - mean, 4);
  }
  EXPECT_NEAR(p.annual_volatility, std::sqrt(second / 4 * 5), 1e-15);
  EXPECT_NEAR(p.sharpe, mean / std::sqrt(second / 4) * std::sqrt(5.0), 1e-14);
  EXPECT_NEAR(p.sortino, mean / std::sqrt((0.05 * 0.05 + 0.20 * 0.20) / 5) * std::sqrt(5.0), 1e-14);
  EXPECT_NEAR(p.skewness, third / 5 / std::pow(second / 5, 1.5), 1e-13);
  EXPECT_NEAR(p.kurtosis, fourth / 5 / std::pow(second / 5, 2), 1e-13);
  // the peak is 1.10 after the first period, the trough 1.10·0.95·1.02·0.80
  EXPECT_NEAR(p.drawdown_max, 1 - 0.95 * 1.02 * 0.80, 1e-15);
}

TEST(Performance, CompoundsToAYear) {
  const std::vector<double> returns(126, 0.001);
  EXPECT_NEAR(performance_of(returns, 252).annual_return, std::pow(1.001, 252) - 1, 1e-12);
}

TEST(Performance, OfAConstantReturnHasNoSharpeRatio) {
  const auto p = performance_of(std::vector<double>(50, 0.001), 252);
  EXPECT_TRUE(std::isnan(p.sharpe));
  EXPECT_TRUE(std::isnan(p.sortino));
  EXPECT_EQ(p.annual_volatility, 0);
  EXPECT_EQ(p.drawdown_max, 0);
  EXPECT_TRUE(std::isnan(probabilistic_sharpe(p, 252)));
}

TEST(Performance, OfNothingAndOfOnePeriodIsDefined) {
  const auto none = performance_of({}, 252);
  EXPECT_EQ(none.periods, 0U);
  EXPECT_EQ(none.total_return, 0);
  EXPECT_TRUE(std::isnan(none.sharpe));
  const auto one = performance_of(std::vector<double>{0.5}, 252);
  EXPECT_EQ(one.total_return, 0.5);
  EXPECT_TRUE(std::isnan(one.sharpe));
  EXPECT_TRUE(std::isnan(probabilistic_sharpe(one, 252)));
}

TEST(Performance, StaysRuinedAfterALossOfEverything) {
  const auto p = performance_of(std::vector<double>{0.1, -1.5, 0.5, -2.0}, 252);
  EXPECT_EQ(p.total_return, -1);
  EXPECT_EQ(p.annual_return, -1);
  EXPECT_EQ(p.drawdown_max, 1);
}

TEST(Performance, NamesTheReturnThatIsNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(
      [&] {
        performance_of(std::vector<double>{0.1, nan}, 252);
      },
      ThrowsMessage<InputError>(HasSubstr("period 1 is nan")));
  EXPECT_THROW(performance_of(std::vector<double>{0.1}, 0), InputError);
}

// Bailey & López de Prado (2012), The Sharpe Ratio Efficient Frontier, section on the track record: a monthly
// Sharpe ratio of 0.458 over 24 months is, for normal returns, above 0 with probability 0.982, and with
// skewness -2.448 and kurtosis 10.164 above 0 with probability 0.913.
TEST(ProbabilisticSharpe, EqualsThePublishedTrackRecord) {
  Performance p;
  p.periods = 24;
  p.sharpe = 0.458;
  p.skewness = 0;
  p.kurtosis = 3;
  EXPECT_NEAR(probabilistic_sharpe(p, 1), 0.982, 0.001);
  p.skewness = -2.448;
  p.kurtosis = 10.164;
  EXPECT_NEAR(probabilistic_sharpe(p, 1), 0.913, 0.001);
}

// Bailey & López de Prado (2014), The Deflated Sharpe Ratio, numerical example: annualised Sharpe ratio 2.5
// over five years of 250 days, skewness -3, kurtosis 10; 100 trials whose annualised ratios have variance
// 1/2. The expected maximum is 0.1132 a day, the deflated ratio 0.9004.
TEST(DeflatedSharpe, EqualsThePublishedExample) {
  Performance p;
  p.periods = 1250;
  p.sharpe = 2.5;
  p.skewness = -3;
  p.kurtosis = 10;
  EXPECT_NEAR(deflated_sharpe(p, 250, 100, 0.5), 0.9004, 0.00005);
  EXPECT_NEAR(probabilistic_sharpe(p, 250, 0.1132 * std::sqrt(250.0)), 0.9004, 0.0005);
  // with 46 trials the same strategy would pass at 95 %, as the paper says
  EXPECT_NEAR(deflated_sharpe(p, 250, 46, 0.5), 0.9505, 0.0005);
}

TEST(DeflatedSharpe, OfOneTrialIsTheProbabilisticRatio) {
  Performance p;
  p.periods = 500;
  p.sharpe = 1.2;
  p.skewness = -0.5;
  p.kurtosis = 5;
  EXPECT_EQ(deflated_sharpe(p, 252, 1, 0.5), probabilistic_sharpe(p, 252));
  EXPECT_EQ(deflated_sharpe(p, 252, 20, 0), probabilistic_sharpe(p, 252));
}

TEST(DeflatedSharpe, FallsWithMoreTrials) {
  Performance p;
  p.periods = 1000;
  p.sharpe = 1.5;
  p.skewness = 0;
  p.kurtosis = 3;
  double last = probabilistic_sharpe(p, 252);
  for (const std::size_t trials : {2UL, 10UL, 100UL, 10'000UL, 1'000'000UL}) {
    const double now = deflated_sharpe(p, 252, trials, 0.3);
    EXPECT_LT(now, last) << trials;
    last = now;
  }
  EXPECT_THROW(deflated_sharpe(p, 252, 0, 0.3), InputError);
  EXPECT_THROW(deflated_sharpe(p, 252, 5, -1), InputError);
}

std::vector<std::int64_t> every(const char* from, std::int64_t step_ms, std::size_t count, bool weekends) {
  std::vector<std::int64_t> times;
  std::int64_t day_of_week = 0;  // the tests start on Mondays
  for (std::int64_t t = parse_timestamp(from); times.size() < count; t += step_ms) {
    day_of_week = (t - parse_timestamp(from)) / 86'400'000 % 7;
    if (weekends || day_of_week < 5) times.push_back(t);
  }
  return times;
}

TEST(PeriodsPerYear, Is252ForDailyBarsWithoutWeekends) {
  EXPECT_EQ(periods_per_year(every("2020-01-06", 86'400'000, 500, false)), 252);
  EXPECT_EQ(periods_per_year(every("1960-01-04", 86'400'000, 500, false)), 252);
}

TEST(PeriodsPerYear, FollowsTheStepOtherwise) {
  EXPECT_DOUBLE_EQ(periods_per_year(every("2020-01-06", 86'400'000, 500, true)), 365.25);
  EXPECT_DOUBLE_EQ(periods_per_year(every("2020-01-06", 3'600'000, 500, true)), 365.25 * 24);
  EXPECT_DOUBLE_EQ(periods_per_year(every("2020-01-06", 60'000, 500, true)), 365.25 * 1440);
  EXPECT_DOUBLE_EQ(periods_per_year(every("2020-01-06", 7 * 86'400'000LL, 50, true)), 365.25 / 7);
}

// Bars of `step_ms` within [open, close) of every weekday.
std::vector<std::int64_t> sessions(std::int64_t open_ms, std::int64_t close_ms, std::int64_t step_ms,
                                   std::size_t days) {
  std::vector<std::int64_t> times;
  for (const std::int64_t day : every("2020-01-06", 86'400'000, days, false)) {
    for (std::int64_t t = open_ms; t < close_ms; t += step_ms) times.push_back(day + t);
  }
  return times;
}

TEST(PeriodsPerYear, CountsTheHoursThatAMarketIsOpen) {
  constexpr std::int64_t minute = 60'000, hour = 60 * minute;
  // New York in UTC: 14:30 to 21:00
  EXPECT_EQ(periods_per_year(sessions(14 * hour + 30 * minute, 21 * hour, hour, 60)), 252 * 7);
  EXPECT_EQ(periods_per_year(sessions(14 * hour + 30 * minute, 21 * hour, 5 * minute, 20)), 252 * 78);
  EXPECT_EQ(periods_per_year(sessions(0, 24 * hour, hour, 60)), 252 * 24);  // currencies: no weekends
  std::vector<std::int64_t> shop;  // every day of the week, eight hours
  for (const std::int64_t day : every("2020-01-06", 24 * hour, 60, true)) {
    for (int i = 0; i < 8; ++i) shop.push_back(day + (9 + i) * hour);
  }
  EXPECT_DOUBLE_EQ(periods_per_year(shop), 365.25 * 8);
  EXPECT_EQ(periods_per_year(sessions(-2 * hour, 5 * hour, hour, 60)), 252 * 7);  // from Sunday evening on
  // less than a week does not say what happens at weekends
  EXPECT_DOUBLE_EQ(periods_per_year(every("2020-01-06", hour, 30, true)), 365.25 * 24);
}

TEST(PeriodsPerYear, IsNotChangedByHolesInBarsAroundTheClock) {
  auto times = every("2020-01-06", 3'600'000, 24 * 60, true);
  std::erase_if(times, [](std::int64_t t) { return t / 3'600'000 % 50 == 3; });
  EXPECT_DOUBLE_EQ(periods_per_year(times), 365.25 * 24);
}

TEST(PeriodsPerYear, RefusesWhatHasNoStep) {
  EXPECT_THROW(periods_per_year(std::vector<std::int64_t>{5}), InputError);
  EXPECT_THROW(periods_per_year(std::vector<std::int64_t>{5, 5, 5}), InputError);
}

}  // namespace
}  // namespace regent::market
