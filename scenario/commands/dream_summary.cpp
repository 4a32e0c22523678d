#include "scenario/commands/dream_summary.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "base/terminal.hpp"
#include "cuda/order/sort.hpp"
#include "market/io/series_file.hpp"

namespace regent::scenario {
namespace {

using cuda::scenario::Outcomes;
using market::SeriesColumn;
using nlohmann::ordered_json;

constexpr std::size_t worst_shown = 5;
constexpr std::int64_t values_max = 30'000'000;
constexpr std::int64_t fact_paths = 40, fact_paths_at_once = 16;  // a register's worth
constexpr std::size_t fact_values_max = 64'000'000;               // of the paths at once

std::vector<double> profits_of(const Outcomes& out) {
  std::vector<double> profits = out.final_equity;
  for (double& x : profits) x -= 1;
  return profits;
}

double mean(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

template <class Values, class Holds>
Share share_where(const Values& values, const Holds& holds) {
  return share_of(std::ranges::count_if(values, holds), std::ssize(values));
}

std::vector<std::int64_t> worst_paths(const std::vector<double>& profits) {
  std::vector<std::int64_t> order(profits.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const std::size_t count = std::min(worst_shown, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::int64_t a, std::int64_t b) {
                      return profits[a] != profits[b] ? profits[a] < profits[b] : a < b;
                    });
  order.resize(count);
  return order;
}

// So many paths that their steps fit into memory.
std::int64_t sampled_paths(const DreamSetup& setup, std::int64_t paths) {
  const auto values = static_cast<std::int64_t>(setup.symbols.size() + 4) * setup.task.steps;
  return std::min({paths, setup.policy->sampled_max(), std::max<std::int64_t>(16, values_max / values)});
}

// The step's quantiles of equity over the sampled paths of every stress.
class Fan {
 public:
  Fan() {
    for (const char* name : {"step", "q05", "q25", "q50", "q75", "q95"}) columns_.push_back({.name = name});
    stress_.name = "stress";
  }
  void add(const std::string& stress, const cuda::scenario::Paths& kept, std::int64_t paths, int steps) {
    std::vector<double> equity(paths);
    for (int t = 0; t < steps; ++t) {
      for (std::int64_t p = 0; p < paths; ++p) equity[p] = kept.equity[p * steps + t];
      std::sort(equity.begin(), equity.end());
      stress_.texts.push_back(stress);
      columns_[0].integers.push_back(t);
      constexpr double levels[] = {0.05, 0.25, 0.5, 0.75, 0.95};
      for (int q = 0; q < 5; ++q) columns_[q + 1].reals.push_back(quantile_of_sorted(equity, levels[q]));
    }
  }
  void write(const std::filesystem::path& file) const {
    std::vector<SeriesColumn> all{stress_};
    all.insert(all.end(), columns_.begin(), columns_.end());
    market::write_series(all, file);
  }

 private:
  SeriesColumn stress_;
  std::vector<SeriesColumn> columns_;
};

// Whether a sampled path belongs to the worst twentieth of them.
std::vector<bool> worst_twentieth(const cuda::scenario::Paths& kept, std::int64_t paths, int steps) {
  std::vector<double> last;
  for (std::int64_t p = 0; p < paths; ++p) last.push_back(kept.equity[(p + 1) * steps - 1]);
  std::vector<double> sorted = last;
  std::sort(sorted.begin(), sorted.end());
  const double limit = quantile_of_sorted(sorted, 0.05);
  std::vector<bool> worst;
  for (const double value : last) worst.push_back(value <= limit);
  return worst;
}

std::vector<RegimeRow> regimes_of(const std::vector<std::string>& labels, const cuda::scenario::Paths& kept,
                                  std::int64_t paths, int steps) {
  const std::vector<bool> worst = worst_twentieth(kept, paths, steps);
  const std::size_t k = labels.size();
  std::vector<double> count(k, 0), in_worst(k, 0), sum(k, 0), squares(k, 0);
  double worst_steps = 0;
  for (std::int64_t p = 0; p < paths; ++p) {
    for (int t = 0; t < steps; ++t) {
      const std::size_t at = static_cast<std::size_t>(p) * steps + t, regime = kept.regime[at];
      const double before = t == 0 ? 1 : kept.equity[at - 1];
      const double r = before > 0 ? kept.equity[at] / before - 1 : 0;
      count[regime] += 1;
      in_worst[regime] += worst[p] ? 1 : 0;
      worst_steps += worst[p] ? 1 : 0;
      sum[regime] += r;
      squares[regime] += r * r;
    }
  }
  std::vector<RegimeRow> rows;
  for (std::size_t i = 0; i < k; ++i) {
    const double m = sum[i] / count[i], variance = squares[i] / count[i] - m * m;
    rows.push_back({labels[i], count[i] / static_cast<double>(paths * steps), in_worst[i] / worst_steps, m,
                    std::sqrt(variance < 0 ? 0 : variance)});  // NaN of a regime that no path was in
  }
  return rows;
}

// Share of the sampled paths in every regime, step by step.
void write_mix(const std::filesystem::path& file, const std::vector<std::string>& labels,
               const cuda::scenario::Paths& kept, std::int64_t paths, int steps) {
  std::vector<SeriesColumn> columns(labels.size() + 1);
  columns[0].name = "step";
  for (std::size_t k = 0; k < labels.size(); ++k) {
    columns[k + 1].name = labels[k];
    columns[k + 1].reals.assign(steps, 0);
  }
  for (int t = 0; t < steps; ++t) {
    columns[0].integers.push_back(t);
    for (std::int64_t p = 0; p < paths; ++p)
      columns[kept.regime[p * steps + t] + 1].reals[t] += 1 / static_cast<double>(paths);
  }
  market::write_series(columns, file);
}

// History and dreamed paths of its length, without costs or stresses.
void compare_with_history(const DreamFlags& flags, const DreamSetup& setup, DreamSummary& summary) {
  if (!setup.returns || flags.source == "replay") return;
  const std::size_t n = setup.returns->assets();
  const std::size_t bars =
      std::min(setup.returns->bars(), fact_values_max / (n * static_cast<std::size_t>(fact_paths_at_once)));
  const auto length = static_cast<std::ptrdiff_t>(bars * n);
  const std::vector<double>& all = setup.returns->log_returns;
  const std::vector<double> real(all.end() - length, all.end());
  const auto& weights = setup.task.policy.target;
  cuda::scenario::Task task = setup.task;
  task.steps = static_cast<int>(bars);
  task.costs = {};
  task.seed += 0x9E3779B97F4A7C15ULL;  // other paths than those that are judged
  const auto resources = cuda::Resources::make("cpu");
  std::vector<std::vector<Fact>> facts, tails;
  std::optional<Progress> progress;
  if (shows_progress(flags)) progress.emplace("compare with history", fact_paths);
  for (std::int64_t first = 0; first < fact_paths; first += fact_paths_at_once) {
    const std::int64_t paths = std::min(fact_paths_at_once, fact_paths - first);
    const auto kept = cuda::scenario::record(resources, task, static_cast<std::uint64_t>(first), paths);
    for (auto at = kept.log_returns.begin(); at != kept.log_returns.end(); at += length) {
      const std::vector<double> dreamed(at, at + length);
      facts.push_back(stylised_facts(dreamed, n, weights));
      tails.push_back(strategy_tails(dreamed, n));
      if (progress) progress->advance(std::ssize(facts));
    }
  }
  if (progress) progress->finish();
  summary.compared_bars = bars;
  summary.facts = compare(stylised_facts(real, n, weights), facts);
  summary.tails = compare(strategy_tails(real, n), tails);
}

ordered_json number(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}
ordered_json risk_json(const Risk& r) {
  return {{"level", r.level},
          {"value_at_risk", r.value_at_risk},
          {"var_band", {r.var_low, r.var_high}},
          {"expected_shortfall", r.expected_shortfall},
          {"es_band", {r.es_low, r.es_high}}};
}
ordered_json share_json(const Share& s) {
  return {{"share", s.share}, {"band", {s.low, s.high}}};
}
ordered_json comparison_json(const std::vector<Comparison>& rows) {
  auto list = ordered_json::array();
  for (const Comparison& row : rows) {
    list.push_back({{"name", row.name},
                    {"unit", row.unit},
                    {"real", number(row.real)},
                    {"dreamed", number(row.dreamed)},
                    {"band", {number(row.low), number(row.high)}},
                    {"within", row.within}});
  }
  return list;
}

ordered_json stress_json(const StressSummary& s) {
  return {{"name", s.name},
          {"mean", s.mean},
          {"median", s.median},
          {"worst_twentieth", s.worst_twentieth},
          {"against_baseline", s.against_baseline},
          {"risk", {risk_json(s.risk95), risk_json(s.risk99)}},
          {"drawdown_median", s.drawdown_median},
          {"drawdown_95", s.drawdown_95},
          {"loses_a_fifth", share_json(s.loses_fifth)},
          {"ruined", share_json(s.ruined)},
          {"robust", share_json(s.robust)},
          {"turnover", s.turnover},
          {"costs", s.costs},
          {"worst_paths", s.worst_paths}};
}

Share robust_share(const Outcomes& outcomes, double drawdown_limit) {
  std::int64_t robust = 0;
  for (std::size_t p = 0; p < outcomes.ruin_step.size(); ++p)
    robust += outcomes.ruin_step[p] < 0 && outcomes.drawdown_max[p] <= drawdown_limit ? 1 : 0;
  return share_of(robust, std::ssize(outcomes.ruin_step));
}

}  // namespace

Robustness robustness_of(const DreamSummary& summary) {
  const auto share = [](const StressSummary& s) { return s.robust.share; };
  Robustness result{0, &*std::ranges::min_element(summary.stresses, {}, share)};
  for (const StressSummary& s : summary.stresses)
    result.mean += s.robust.share / static_cast<double>(summary.stresses.size());
  return result;
}

StressSummary summary_of(const cuda::Resources& device, const std::string& name, const Outcomes& outcomes,
                         const Outcomes& baseline, double drawdown_limit) {
  const std::vector<double> profits = profits_of(outcomes), others = profits_of(baseline);
  std::vector<double> sorted = profits, drawdown(outcomes.drawdown_max.begin(), outcomes.drawdown_max.end());
  cuda::order::sort_ascending(device, sorted);
  cuda::order::sort_ascending(device, drawdown);
  return {.name = name,
          .mean = mean(profits),
          .median = quantile_of_sorted(sorted, 0.5),
          .worst_twentieth = quantile_of_sorted(sorted, 0.05),
          .against_baseline = mean(profits) - mean(others),
          .risk95 = risk_of_sorted(sorted, 0.95),
          .risk99 = risk_of_sorted(sorted, 0.99),
          .drawdown_median = quantile_of_sorted(drawdown, 0.5),
          .drawdown_95 = quantile_of_sorted(drawdown, 0.95),
          .loses_fifth = share_where(profits, [](double x) { return x <= -0.2; }),
          .ruined = share_where(outcomes.ruin_step, [](std::int32_t step) { return step >= 0; }),
          .robust = robust_share(outcomes, drawdown_limit),
          .turnover = mean(outcomes.turnover),
          .costs = mean(outcomes.costs),
          .worst_paths = worst_paths(profits)};
}

DreamSummary summary_of(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed) {
  DreamSummary summary;
  const cuda::Resources device = cuda::Resources::make(flags.device);
  for (std::size_t s = 0; s < setup.stresses.size(); ++s)
    summary.stresses.push_back(summary_of(device, setup.stresses[s].name, dreamed.outcomes[s],
                                          dreamed.outcomes[0], flags.drawdown_limit));
  const std::int64_t paths = sampled_paths(setup, dreamed.paths);
  const int steps = setup.task.steps;
  Fan fan;
  for (std::size_t s = 0; s < setup.stresses.size(); ++s) {
    if (s > 0 && flags.out.empty()) break;
    std::vector<cuda::scenario::Stress> schedule;
    const auto kept = setup.policy->record(setup.stressed(s, schedule), 0, paths);
    fan.add(setup.stresses[s].name, kept, paths, steps);
    if (s > 0 || setup.labels.empty()) continue;
    summary.regimes = regimes_of(setup.labels, kept, paths, steps);
    if (!flags.out.empty())
      write_mix(std::filesystem::path(flags.out) / "regimes.parquet", setup.labels, kept, paths, steps);
  }
  if (!flags.out.empty()) fan.write(std::filesystem::path(flags.out) / "fan.parquet");
  compare_with_history(flags, setup, summary);
  return summary;
}

ordered_json summary_json(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed,
                          const DreamSummary& summary) {
  auto stresses = ordered_json::array(), regimes = ordered_json::array();
  for (const auto& one : summary.stresses) stresses.push_back(stress_json(one));
  for (const auto& row : summary.regimes) {
    regimes.push_back({{"label", row.label},
                       {"share", row.share},
                       {"share_in_worst_twentieth", number(row.share_in_worst)},
                       {"mean", number(row.mean)},
                       {"deviation", number(row.deviation)}});
  }
  const Robustness robustness = robustness_of(summary);
  return {{"source", flags.source},
          {"policy", setup.policy->name()},
          {"paths", dreamed.paths},
          {"asked", flags.scenarios},
          {"complete", dreamed.paths == flags.scenarios},
          {"steps", flags.steps},
          {"seed", flags.seed},
          {"symbols", setup.symbols},
          {"bars_per_year", setup.bars_per_year},
          {"block_bars", setup.block_bars > 0 ? ordered_json(setup.block_bars) : ordered_json(nullptr)},
          {"fingerprint", setup.fingerprint},
          {"robustness",
           {{"drawdown_limit", flags.drawdown_limit},
            {"mean", robustness.mean},
            {"least", robustness.least->robust.share},
            {"least_in", robustness.least->name}}},
          {"stresses", stresses},
          {"regimes", regimes},
          {"compared_bars", summary.compared_bars},
          {"stylised_facts", comparison_json(summary.facts)},
          {"strategy_tails", comparison_json(summary.tails)}};
}

}  // namespace regent::scenario
