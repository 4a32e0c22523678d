#include "strategies/metrics.hpp"

#include <cmath>
#include <limits>

namespace regent::strategies {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

double variance_of(const Sums& s) {
  if (s.bars < 2) return undefined;
  const double variance = (s.square_sum - s.sum * s.sum / s.bars) / (s.bars - 1);
  // what is left after subtracting a constant's square is rounding
  return variance > 1e-12 * s.square_sum / s.bars ? variance : 0;
}

}  // namespace

void Sums::add(const cuda::sweep::BucketSums& bucket, double bucket_bars) {
  bars += bucket_bars;
  sum += bucket.sum;
  square_sum += bucket.square_sum;
  downside_sum += bucket.downside_sum;
  held += bucket.held;
}

void Sums::add(const Sums& other) {
  add({other.sum, other.square_sum, other.downside_sum, other.held}, other.bars);
}

double mean_of(const Sums& sums) {
  return sums.bars > 0 ? sums.sum / sums.bars : undefined;
}

double sharpe_of(const Sums& sums, double periods_per_year) {
  const double variance = variance_of(sums);
  return variance > 0 ? mean_of(sums) / std::sqrt(variance) * std::sqrt(periods_per_year) : undefined;
}

double sortino_of(const Sums& sums, double periods_per_year) {
  if (!(sums.downside_sum > 0)) return undefined;
  return mean_of(sums) / std::sqrt(sums.downside_sum / sums.bars) * std::sqrt(periods_per_year);
}

double volatility_of(const Sums& sums, double periods_per_year) {
  return std::sqrt(variance_of(sums) * periods_per_year);
}

Metrics metrics_of(const cuda::sweep::Outcome& outcome, const Sums& total, double periods_per_year) {
  const double years = total.bars / periods_per_year;
  Metrics m;
  m.total_return = outcome.equity - 1;
  m.annual_return = std::pow(outcome.equity, 1 / years) - 1;
  m.annual_volatility = volatility_of(total, periods_per_year);
  m.sharpe = sharpe_of(total, periods_per_year);
  m.sortino = sortino_of(total, periods_per_year);
  m.drawdown_max = outcome.drawdown_max;
  m.trades = outcome.trades;
  m.win_rate = outcome.trades > 0 ? static_cast<double>(outcome.wins) / outcome.trades : undefined;
  if (outcome.trades == 0 || (outcome.profit == 0 && outcome.loss == 0)) {
    m.profit_factor = undefined;
  } else {
    m.profit_factor =
        outcome.loss > 0 ? outcome.profit / outcome.loss : std::numeric_limits<double>::infinity();
  }
  m.exposure = total.held / total.bars;
  m.turnover = outcome.turnover / years;
  m.fees = outcome.fees;
  m.slippage = outcome.slippage;
  return m;
}

}  // namespace regent::strategies
