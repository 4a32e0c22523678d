#include "strategies/commands/sweep_symbol.hpp"

#include <algorithm>
#include <cmath>

#include "market/performance.hpp"
#include "strategies/regime_metrics.hpp"

namespace regent::strategies {
namespace {

// By Sharpe ratio, the first `top`.
std::vector<Best> best_of(const SymbolResult& result, std::size_t top) {
  std::vector<Best> best;
  for (std::size_t f = 0; f < result.families.size(); ++f) {
    for (std::size_t i = 0; i < result.families[f].rows.size(); ++i) {
      if (std::isfinite(result.families[f].rows[i].metrics.sharpe)) best.push_back({f, i});
    }
  }
  const std::size_t count = std::min(top, best.size());
  const auto better = [&](const Best& a, const Best& b) {
    return result.row(a).metrics.sharpe > result.row(b).metrics.sharpe;
  };
  std::ranges::partial_sort(best, best.begin() + static_cast<std::ptrdiff_t>(count), better);
  best.resize(count);
  return best;
}

// The deflated Sharpe ratio of a combination over some bars, chosen from `trials`.
double deflated(const cuda::sweep::Journal& journal, const Span& span, double periods_per_year,
                const Trials& trials) {
  const auto returns =
      std::span(journal.net_return)
          .subspan(static_cast<std::size_t>(span.first - 1), static_cast<std::size_t>(span.bars()));
  return market::deflated_sharpe(market::performance_of(returns, periods_per_year), periods_per_year,
                                 trials.count, trials.variance);
}

// Bar by bar: what the sums of a sweep cannot say of the chosen ones.
void judge_chosen(const TradableSeries& series, const SweepSettings& settings, SymbolResult& result) {
  const auto traded = [&](std::size_t family, std::size_t combination) {
    return backtest(series, *result.families[family].combinations, combination, result.regime_plan, settings);
  };
  const Span all{1, static_cast<std::int32_t>(series.bars())};
  for (Best& one : result.best) {
    const auto journal = traded(one.family, one.combination);
    one.deflated_sharpe = deflated(journal, all, series.periods_per_year, result.trials);
    one.by_regime = metrics_by_regime(journal, result.regime_plan, series.periods_per_year);
  }
  for (const FoldResult& fold : result.walk_forward.folds)
    result.deflated_of_folds.push_back(deflated(traded(fold.family, fold.combination), fold.fold.train,
                                                series.periods_per_year, fold.trials));
}

std::size_t traded_of(std::span<const FamilySweep> families) {
  std::size_t traded = 0;
  for (const FamilySweep& family : families)
    traded += static_cast<std::size_t>(
        std::ranges::count_if(family.rows, [](const Row& row) { return row.outcome.turnover > 0; }));
  return traded;
}

}  // namespace

SymbolResult sweep_symbol(const cuda::Resources& resources, const SymbolTask& task) {
  const TradableSeries& series = task.series;
  SymbolResult result{&series};
  result.plan = time_plan(series.bars(), task.plan);
  result.regime_plan = whole_plan(series.bars(), known_before(task.regimes), task.regimes.labels);
  result.families = sweep_all(resources, series, task.families, result.plan, task.settings);
  result.traded = traded_of(result.families);
  result.trials = trials_of(result.families);
  result.overfitting = overfitting_of(result.families, result.plan);
  result.walk_forward = walk_forward(result.families, result.plan, series.periods_per_year);
  result.best = best_of(result, task.top);
  judge_chosen(series, task.settings, result);
  return result;
}

}  // namespace regent::strategies
