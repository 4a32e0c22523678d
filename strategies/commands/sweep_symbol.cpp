#include "strategies/commands/sweep_symbol.hpp"

#include <algorithm>
#include <cmath>

#include "market/performance.hpp"
#include "strategies/regime_metrics.hpp"
#include "strategies/traced_sweep.hpp"

namespace regent::strategies {
namespace {

// The combinations of some strategies that have a Sharpe ratio, the first `top` by it, best first.
std::vector<Best> best_of(const SymbolResult& result, std::size_t first_family, std::size_t end_family,
                          std::size_t top) {
  std::vector<Best> best;
  for (std::size_t f = first_family; f < end_family; ++f) {
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
std::vector<Best> best_of_each(const SymbolResult& result) {
  std::vector<Best> all;
  for (std::size_t f = 0; f < result.families.size(); ++f) {
    for (Best& one : best_of(result, f, f + 1, 1)) all.push_back(std::move(one));
  }
  return all;
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

// The combinations of a family that were chosen for anything, rising, each once.
std::vector<std::size_t> chosen_of(const SymbolResult& result, std::size_t family) {
  std::vector<std::size_t> chosen;
  const auto add = [&](const auto& one) {
    if (one.family == family) chosen.push_back(one.combination);
  };
  std::ranges::for_each(result.best, add);
  std::ranges::for_each(result.best_of_strategy, add);
  std::ranges::for_each(result.walk_forward.folds, add);
  std::ranges::sort(chosen);
  const auto twice = std::ranges::unique(chosen);
  chosen.erase(twice.begin(), twice.end());
  return chosen;
}

// Writes what one combination's journal says to wherever it was chosen.
void judge(const cuda::sweep::Journal& journal, std::size_t family, std::size_t combination,
           SymbolResult& result) {
  const double periods_per_year = result.series->periods_per_year;
  const auto is_meant = [&](const auto& one) {
    return one.family == family && one.combination == combination;
  };
  const Span all{1, static_cast<std::int32_t>(result.series->bars())};
  for (auto* list : {&result.best, &result.best_of_strategy}) {
    for (Best& one : *list) {
      if (!is_meant(one)) continue;
      one.deflated_sharpe = deflated(journal, all, periods_per_year, result.trials);
      one.by_regime = metrics_by_regime(journal, result.regime_plan, periods_per_year);
    }
  }
  for (std::size_t k = 0; k < result.walk_forward.folds.size(); ++k) {
    const FoldResult& fold = result.walk_forward.folds[k];
    if (is_meant(fold))
      result.deflated_of_folds[k] = deflated(journal, fold.fold.train, periods_per_year, fold.trials);
  }
}

// Bar by bar: what the sums of a sweep cannot say of the chosen ones.
void judge_chosen(const SweepSettings& settings, SymbolResult& result) {
  result.deflated_of_folds.resize(result.walk_forward.folds.size());
  for (std::size_t f = 0; f < result.families.size(); ++f) {
    const std::vector<std::size_t> chosen = chosen_of(result, f);
    const Combinations combinations = result.families[f].combinations->only(chosen);
    TracedSweep sweep(*result.series, combinations, result.regime_plan, settings);
    sweep.each(0, chosen.size(), [&](std::size_t i, const cuda::sweep::Journal& journal) {
      judge(journal, f, chosen[i], result);
    });
  }
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
  result.best = best_of(result, 0, result.families.size(), task.top);
  result.best_of_strategy = best_of_each(result);
  judge_chosen(task.settings, result);
  return result;
}

}  // namespace regent::strategies
