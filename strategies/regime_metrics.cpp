#include "strategies/regime_metrics.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace regent::strategies {
namespace {

using cuda::sweep::Journal;

// The equity of one regime's bars, chained.
struct Chain {
  double equity = 1, peak = 1, keep = 1;
  void add(double earned) {
    equity *= 1 + earned;
    peak = std::max(peak, equity);
    if (equity < keep * peak) keep = equity / peak;
  }
};

void add_bars(const Journal& journal, const TimePlan& plan, std::span<cuda::sweep::Outcome> outcomes) {
  std::vector<Chain> chains(outcomes.size());
  for (std::size_t t = 1; t < plan.bucket.size(); ++t) {
    const auto r = static_cast<std::size_t>(plan.bucket[t]);
    chains[r].add(journal.net_return[t - 1]);
  }
  for (const cuda::sweep::BarCosts& costs : journal.costs) {
    auto& outcome = outcomes[static_cast<std::size_t>(plan.bucket[static_cast<std::size_t>(costs.bar)])];
    outcome.turnover += costs.turnover;
    outcome.fees += costs.fees;
    outcome.slippage += costs.slippage;
  }
  for (std::size_t r = 0; r < outcomes.size(); ++r) {
    outcomes[r].equity = chains[r].equity;
    outcomes[r].drawdown_max = 1 - chains[r].keep;
  }
}

void add_trades(const Journal& journal, const TimePlan& plan, std::span<cuda::sweep::Outcome> outcomes) {
  for (const auto& trade : journal.trades) {
    auto& outcome =
        outcomes[static_cast<std::size_t>(plan.bucket[static_cast<std::size_t>(trade.entry_bar)])];
    outcome.trades += 1;
    outcome.wins += trade.profit > 0 ? 1 : 0;
    (trade.profit > 0 ? outcome.profit : outcome.loss) += std::abs(trade.profit);
  }
}

}  // namespace

std::vector<Metrics> metrics_by_regime(const Journal& journal, const TimePlan& plan,
                                       double periods_per_year) {
  REGENT_INVARIANT(plan.intervals.size() == 1, "regimes of a plan with blocks");
  std::vector<cuda::sweep::Outcome> outcomes(plan.regimes.size());
  std::vector<Metrics> metrics(outcomes.size());
  if (outcomes.empty()) return metrics;
  add_bars(journal, plan, outcomes);
  add_trades(journal, plan, outcomes);
  for (std::size_t r = 0; r < outcomes.size(); ++r) {
    Sums sums;
    sums.add(journal.buckets[r], static_cast<double>(plan.bucket_bars[r]));
    if (sums.bars > 0) metrics[r] = metrics_of(outcomes[r], sums, periods_per_year);
  }
  return metrics;
}

std::vector<Metrics> sweep_regimes(TracedSweep& sweep, std::size_t first, std::size_t end) {
  const std::size_t regimes = sweep.plan().regimes.size();
  std::vector<Metrics> out((end - first) * regimes);
  sweep.each(first, end, [&](std::size_t combination, const Journal& journal) {
    const auto metrics = metrics_by_regime(journal, sweep.plan(), sweep.series().periods_per_year);
    std::ranges::copy(metrics, out.begin() + static_cast<std::ptrdiff_t>((combination - first) * regimes));
  });
  return out;
}

}  // namespace regent::strategies
