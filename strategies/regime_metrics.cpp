#include "strategies/regime_metrics.hpp"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "strategies/lane_block.hpp"

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
    outcomes[r].turnover += journal.costs[t].turnover;
    outcomes[r].fees += journal.costs[t].fees;
    outcomes[r].slippage += journal.costs[t].slippage;
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

std::vector<Metrics> sweep_regimes(const TradableSeries& series, const Combinations& combinations,
                                   std::size_t first, std::size_t end, const TimePlan& plan,
                                   const SweepSettings& settings) {
  const std::size_t regimes = plan.regimes.size();
  std::vector<Metrics> out((end - first) * regimes);
  tbb::enumerable_thread_specific<Journal> journals;
  for (std::size_t at = first; at < end;) {
    const LaneBlock block = block_from(combinations, at, end, columns_max_of(series, settings));
    const cuda::sweep::Tracer tracer(task_of(series, plan, settings, block));
    tbb::parallel_for(std::size_t{0}, block.lanes.size(), [&](std::size_t i) {
      Journal& journal = journals.local();
      tracer.trace(i, journal);
      const auto metrics = metrics_by_regime(journal, plan, series.periods_per_year);
      std::ranges::copy(metrics, out.begin() + static_cast<std::ptrdiff_t>((at - first + i) * regimes));
    });
    at += block.lanes.size();
  }
  return out;
}

}  // namespace regent::strategies
