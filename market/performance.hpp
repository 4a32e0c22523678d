#pragma once
// Statistics of a return series. Plain host maths in double, shared by trainer and report.

#include <cstddef>
#include <cstdint>
#include <span>

namespace regent::market {

struct Performance {
  std::size_t periods = 0;
  double total_return = 0;   // end / start - 1
  double annual_return = 0;  // compound
  double annual_volatility = 0;
  double sharpe = 0;  // annualised, mean / standard deviation (ddof 1), risk-free 0; NaN when undefined
  double sortino = 0;
  double drawdown_max = 0;            // positive fraction
  double skewness = 0, kurtosis = 0;  // of period returns; kurtosis of a normal is 3
};

// simple returns per period [periods]; periods_per_year e.g. 252. Throws InputError on a non-finite return.
Performance performance_of(std::span<const double> returns, double periods_per_year);

// Probability that the true Sharpe ratio exceeds `benchmark_sharpe` (both annualised).
// Source: Bailey & López de Prado (2012), The Sharpe Ratio Efficient Frontier.
double probabilistic_sharpe(const Performance& p, double periods_per_year, double benchmark_sharpe = 0);

// Probabilistic Sharpe ratio against the maximum expected from `trials` trials whose annualised Sharpe ratios
// have variance `trial_variance`. Source: Bailey & López de Prado (2014), The Deflated Sharpe Ratio.
double deflated_sharpe(const Performance& p, double periods_per_year, std::size_t trials,
                       double trial_variance);

// Bars per year from the median step of timestamps: daily (weekends skipped) 252, else 365.25 days / step.
// More than a bar a day, over a week or more: times 252 days where weekends are free, and by the bars of the
// usual day where a market keeps hours.
double periods_per_year(std::span<const std::int64_t> timestamps_ms);

}  // namespace regent::market
