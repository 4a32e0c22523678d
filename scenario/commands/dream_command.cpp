#include "scenario/commands/dream_command.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "base/config/suggest.hpp"
#include "base/error.hpp"
#include "base/stop_signal.hpp"
#include "base/table.hpp"
#include "market/io/series_file.hpp"
#include "scenario/commands/dream_check.hpp"
#include "scenario/commands/dream_paths.hpp"
#include "scenario/commands/dream_report.hpp"
#include "scenario/commands/whole_dream.hpp"

namespace regent::scenario {
namespace {

using market::SeriesColumn;

std::size_t stress_named(const DreamSetup& setup, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& stress : setup.stresses) names.push_back(stress.name);
  const auto at = std::ranges::find(names, name);
  if (at == names.end())
    throw InputError("--stress " + name + ": there is none of this name in --stresses" +
                     suggestion(name, names));
  return static_cast<std::size_t>(at - names.begin());
}

nlohmann::ordered_json path_json(const DreamFlags& flags, const DreamSetup& setup,
                                 const std::vector<SeriesColumn>& columns) {
  nlohmann::ordered_json json = {
      {"path", *flags.path}, {"stress", flags.stress.value_or(baseline_name)}, {"seed", flags.seed}};
  nlohmann::ordered_json returns, weights;
  const std::size_t n = setup.symbols.size(), first = 3;
  for (std::size_t i = 0; i < n; ++i) returns[setup.symbols[i]] = columns[first + i].reals;
  json["regime"] = columns[1].texts;
  json["equity"] = columns[2].reals;
  json["log_returns"] = returns;
  for (std::size_t i = first + n; i < columns.size(); ++i)
    weights[setup.symbols[i - first - n]] = columns[i].reals;
  if (!weights.is_null()) json["weights"] = weights;
  return json;
}

double gross(const cuda::scenario::Paths& kept, std::size_t step, std::size_t assets) {
  double sum = 0;
  for (std::size_t i = 0; i < assets; ++i) sum += std::abs(kept.weights[step * assets + i]);
  return sum;
}

void print_path(const DreamSetup& setup, const cuda::scenario::Paths& kept) {
  Table table;
  table.header = {"step", "regime", "equity", "return", "market"};
  table.right = {true, false, true, true, true};
  const std::size_t n = setup.symbols.size();
  if (!kept.weights.empty()) {
    table.header.emplace_back("held");
    table.right.push_back(true);
  }
  double before = 1;
  for (std::size_t t = 0; t < kept.equity.size(); ++t) {
    double market = 0;
    for (std::size_t i = 0; i < n; ++i)
      market += std::expm1(kept.log_returns[t * n + i]) / static_cast<double>(n);
    const double r = before > 0 ? kept.equity[t] / before - 1 : 0;
    before = kept.equity[t];
    table.rows.push_back({{std::to_string(t)},
                          {setup.regime_name(kept.regime[t])},
                          {percent(kept.equity[t], 2)},
                          {percent(r, 2), r < -0.05 ? Colour::red : Colour::plain},
                          {percent(market, 2)}});
    if (!kept.weights.empty()) table.rows.back().push_back({percent(gross(kept, t, n))});
  }
  std::cout << table.text();
}

int show_path(const DreamFlags& flags, const DreamSetup& setup) {
  std::vector<cuda::scenario::Stress> schedule;
  const auto task = setup.stressed(stress_named(setup, flags.stress.value_or(baseline_name)), schedule);
  const auto kept = setup.policy->record(task, static_cast<std::uint64_t>(*flags.path), 1);
  const auto columns = step_columns(setup, kept, 0, setup.task.steps);
  if (!flags.out.empty()) market::write_series_file(columns, flags.out);
  if (flags.bars.json) {
    std::cout << path_json(flags, setup, columns).dump() << '\n';
  } else {
    print_path(setup, kept);
  }
  return 0;
}

}  // namespace

int run_dream_command(const DreamFlags& flags, const PolicyMaker& make_policy) {
  check_flags(flags);
  if (!flags.every.empty()) return run_dream_cycles(flags, make_policy);
  const std::unique_ptr<DreamPolicy> policy = make_policy();
  DreamSetup setup;
  set_up(flags, *policy, setup);
  if (flags.path) {
    keep_law(flags, setup);
    return show_path(flags, setup);
  }
  install_stop_signals();
  const auto [dreamed, summary] = dream_whole(flags, setup);
  if (dreamed.paths == 0) return exit_interrupted;
  if (flags.bars.json) {
    std::cout << summary_json(flags, setup, dreamed, summary).dump(2) << '\n';
  } else {
    std::cout << summary_text(flags, setup, dreamed, summary);
  }
  return dreamed.interrupted ? exit_interrupted : 0;
}

}  // namespace regent::scenario
