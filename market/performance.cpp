#include "market/performance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "base/normal.hpp"
#include "base/time.hpp"
#include "market/panel.hpp"
#include "market/weekday.hpp"

namespace regent::market {

namespace {

constexpr double euler_mascheroni = 0.57721566490153286;
constexpr double business_days_a_year = 252, calendar_days_a_year = 365.25;
// Fewer bars than this share of what a whole day would have: the market keeps hours.
constexpr double session_share_max = 0.9;

struct Moments {
  double mean = nan_value, variance = nan_value;  // variance: ddof 1
  double skewness = nan_value, kurtosis = nan_value, downside = nan_value;
};

Moments moments_of(std::span<const double> returns) {
  Moments moments;
  const auto count = static_cast<double>(returns.size());
  if (returns.empty()) return moments;
  double sum = 0, below = 0;
  for (const double r : returns) {
    sum += r;
    below += r < 0 ? r * r : 0;
  }
  moments.mean = sum / count;
  moments.downside = std::sqrt(below / count);
  double second = 0, third = 0, fourth = 0, largest = 0;
  for (const double r : returns) {
    const double d = r - moments.mean;
    second += d * d;
    third += d * d * d;
    fourth += d * d * d * d;
    largest = std::max(largest, std::abs(r));
  }
  if (returns.size() > 1) moments.variance = second / (count - 1);
  second /= count;
  // a constant series: what is left of it after subtracting its mean is rounding, not variance
  if (second <= 1e-28 * largest * largest) {
    if (returns.size() > 1) moments.variance = 0;
    return moments;
  }
  moments.skewness = third / count / std::pow(second, 1.5);
  moments.kurtosis = fourth / count / (second * second);
  return moments;
}

// Of `count` independent standard normals, the expected maximum (Bailey & López de Prado 2014, equation 1).
double expected_maximum(double count) {
  const double first = -normal_quantile(1 / count);
  const double second = -normal_quantile(1 / (count * std::numbers::e));
  return (1 - euler_mascheroni) * first + euler_mascheroni * second;
}

double weekend_share(std::span<const std::int64_t> timestamps_ms) {
  const auto weekend = std::ranges::count_if(timestamps_ms, is_weekend);
  return static_cast<double>(weekend) / static_cast<double>(timestamps_ms.size());
}

// Bars of the usual day that has any, by UTC days; the first and the last may be cut off and do not count.
// Infinite where fewer than three whole days are known.
double bars_in_a_session(std::span<const std::int64_t> timestamps_ms) {
  std::vector<std::size_t> bars{0};
  std::int64_t day = day_of(timestamps_ms.front());
  for (const std::int64_t t : timestamps_ms) {
    if (day_of(t) != day) bars.push_back(0);
    day = day_of(t);
    ++bars.back();
  }
  if (bars.size() < 5) return std::numeric_limits<double>::infinity();
  const auto first = bars.begin() + 1, last = bars.end() - 1, middle = first + (last - first) / 2;
  std::nth_element(first, middle, last);
  return static_cast<double>(*middle);
}

void require_positive(double periods_per_year) {
  if (!(periods_per_year > 0) || !std::isfinite(periods_per_year)) {
    throw InputError("periods per year is " + std::to_string(periods_per_year) +
                     "; it must be a positive number");
  }
}

}  // namespace

Performance performance_of(std::span<const double> returns, double periods_per_year) {
  require_positive(periods_per_year);
  Performance p;
  p.periods = returns.size();
  double equity = 1, peak = 1;
  for (std::size_t i = 0; i < returns.size(); ++i) {
    if (!std::isfinite(returns[i])) {
      throw InputError("return of period " + std::to_string(i) + " is " + std::to_string(returns[i]) +
                       "; a return series must be finite");
    }
    equity *= 1 + returns[i];
    if (equity < 0) equity = 0;  // ruined: a later gain cannot revive a debt
    peak = std::max(peak, equity);
    p.drawdown_max = std::max(p.drawdown_max, 1 - equity / peak);
  }
  const auto moments = moments_of(returns);
  p.total_return = equity - 1;
  p.annual_return =
      returns.empty() ? 0 : std::pow(equity, periods_per_year / static_cast<double>(p.periods)) - 1;
  p.annual_volatility = std::sqrt(moments.variance * periods_per_year);
  const double scale = std::sqrt(periods_per_year);
  p.sharpe = moments.variance > 0 ? moments.mean / std::sqrt(moments.variance) * scale : nan_value;
  p.sortino = moments.downside > 0 ? moments.mean / moments.downside * scale : nan_value;
  p.skewness = moments.skewness;
  p.kurtosis = moments.kurtosis;
  return p;
}

double probabilistic_sharpe(const Performance& p, double periods_per_year, double benchmark_sharpe) {
  require_positive(periods_per_year);
  if (p.periods < 2) return nan_value;
  const double sharpe = p.sharpe / std::sqrt(periods_per_year);
  const double benchmark = benchmark_sharpe / std::sqrt(periods_per_year);
  const double spread = 1 - p.skewness * sharpe + (p.kurtosis - 1) / 4 * sharpe * sharpe;
  if (!(spread > 0)) return nan_value;
  return normal_cdf((sharpe - benchmark) * std::sqrt(static_cast<double>(p.periods - 1)) / std::sqrt(spread));
}

double deflated_sharpe(const Performance& p, double periods_per_year, std::size_t trials,
                       double trial_variance) {
  if (trials == 0)
    throw InputError("a deflated Sharpe ratio needs at least the one trial that it judges; trials is 0");
  if (!(trial_variance >= 0) || !std::isfinite(trial_variance)) {
    throw InputError("the variance of the trials' Sharpe ratios is " + std::to_string(trial_variance) +
                     "; it must be zero or positive");
  }
  // one trial was not selected from anything
  const double maximum = trials == 1 ? 0 : expected_maximum(static_cast<double>(trials));
  return probabilistic_sharpe(p, periods_per_year, std::sqrt(trial_variance) * maximum);
}

double periods_per_year(std::span<const std::int64_t> timestamps_ms) {
  if (timestamps_ms.size() < 2) {
    throw InputError("periods per year needs at least 2 timestamps, got " +
                     std::to_string(timestamps_ms.size()));
  }
  const std::int64_t step = usual_step(timestamps_ms);
  if (step <= 0) throw InputError("periods per year needs increasing timestamps");
  const double weekends = weekend_share(timestamps_ms);
  // a quarter of a day for sessions whose bars open at local time across a change of the clocks
  if (std::abs(step - day_ms) <= day_ms / 4 && weekends < 0.05) return business_days_a_year;
  const double per_day = static_cast<double>(day_ms) / static_cast<double>(step);
  if (step >= day_ms || timestamps_ms.back() - timestamps_ms.front() < 7 * day_ms) {
    return calendar_days_a_year * per_day;
  }
  // two days of seven around the clock; a session that crosses midnight in UTC reaches into a weekend
  const double days = weekends < 1.0 / 7 ? business_days_a_year : calendar_days_a_year;
  const double in_a_session = bars_in_a_session(timestamps_ms);
  return days * (in_a_session < session_share_max * per_day ? in_a_session : per_day);
}

}  // namespace regent::market
