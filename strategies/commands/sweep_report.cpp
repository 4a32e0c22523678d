#include "strategies/commands/sweep_report.hpp"

#include <algorithm>
#include <limits>

#include "base/table.hpp"
#include "base/time.hpp"
#include "strategies/commands/regime_table.hpp"
#include "strategies/commands/result_text.hpp"

namespace regent::strategies {
namespace {

using nlohmann::ordered_json;

Table best_table(const SymbolResult& result) {
  Table table;
  table.header = {"strategy", "parameters", "deflated"};
  table.right = {false, false, true};
  add_metric_header(table);
  for (const Best& one : result.best) {
    const auto& combinations = *result.families[one.family].combinations;
    const Colour colour = one.deflated_sharpe >= 0.95 ? Colour::green : Colour::plain;
    table.rows.push_back({{combinations.family().name},
                          {combinations.text(one.combination), Colour::bold},
                          {digits(one.deflated_sharpe, 3), colour}});
    add_metric_cells(result.row(one).metrics, table.rows.back());
  }
  return table;
}

std::string time_of(const SymbolResult& result, std::int32_t bar) {
  return format_timestamp(result.series->timestamps_ms[static_cast<std::size_t>(bar)]);
}

std::string times_of(const SymbolResult& result, const Span& span) {
  return time_of(result, span.first) + " – " + time_of(result, span.end - 1);
}

std::string fold_text(const SymbolResult& result) {
  if (result.walk_forward.folds.empty()) return "";
  Table table;
  table.header = {"fold", "trained", "tested", "best of training", "its Sharpe", "deflated", "tested Sharpe"};
  table.right = {true, false, false, false, true, true, true};
  for (std::size_t k = 0; k < result.walk_forward.folds.size(); ++k) {
    const FoldResult& fold = result.walk_forward.folds[k];
    const auto& combinations = *result.families[fold.family].combinations;
    table.rows.push_back({{std::to_string(k + 1)},
                          {times_of(result, fold.fold.train)},
                          {times_of(result, fold.fold.test)},
                          {combinations.family().name + " " + combinations.text(fold.combination)},
                          {digits(fold.train_sharpe, 3)},
                          {digits(result.deflated_of_folds[k], 3)},
                          {digits(fold.test_sharpe, 3)}});
  }
  return table.text() + "  all test bars together: Sharpe " + digits(result.walk_forward.sharpe, 3) + "\n\n";
}

// The fewest bars that a rule of the grid needs before it can wish for anything.
std::int64_t warm_up_min(const SymbolResult& result) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (const FamilySweep& family : result.families) {
    const Combinations& combinations = *family.combinations;
    for (std::size_t i = 0; i < combinations.size(); ++i)
      least = std::min(least, warm_up_bars(combinations.family().recipe(combinations.values(i))));
  }
  return least;
}

std::string idle_text(const SymbolResult& result) {
  const std::int64_t needed = warm_up_min(result);
  std::string text = "  no combination traded";
  // a wish of the last bar is never filled
  if (needed + 1 >= static_cast<std::int64_t>(result.series->bars()))
    text += ": each needs " + grouped(static_cast<std::size_t>(needed)) +
            " bars or more before its first signal; take shorter windows or more bars";
  return text + "\n\n";
}

std::string luck_text(const SymbolResult& result) {
  const Overfitting& o = result.overfitting;
  return "  probability of backtest overfitting " + percent(o.probability) + " (" + grouped(o.splits) +
         " splits); the best of one half loses in the other in " + percent(o.loss_probability) +
         "\n  deflated: P(true Sharpe ratio is above the best expected of " + grouped(result.trials.count) +
         " trials by luck)\n\n";
}

ordered_json best_json(const SymbolResult& result, const Best& one) {
  const auto& combinations = *result.families[one.family].combinations;
  ordered_json row{{"strategy", combinations.family().name}};
  const auto values = combinations.values(one.combination);
  for (std::size_t p = 0; p < values.size(); ++p)
    row["parameters"][combinations.parameters()[p].name] = values[p];
  row.update(metrics_json(result.row(one).metrics));
  row["deflated_sharpe"] = json_number(one.deflated_sharpe);
  if (!one.by_regime.empty()) row["regimes"] = regimes_json(result.regime_plan, one.by_regime);
  return row;
}

ordered_json fold_json(const SymbolResult& result, std::size_t k) {
  const FoldResult& fold = result.walk_forward.folds[k];
  const auto& combinations = *result.families[fold.family].combinations;
  const auto times = [&](const Span& span) {
    return ordered_json{time_of(result, span.first), time_of(result, span.end - 1)};
  };
  return {{"train", {fold.fold.train.first, fold.fold.train.end}},
          {"test", {fold.fold.test.first, fold.fold.test.end}},
          {"train_times", times(fold.fold.train)},
          {"test_times", times(fold.fold.test)},
          {"strategy", combinations.family().name},
          {"parameters", combinations.text(fold.combination)},
          {"train_sharpe", json_number(fold.train_sharpe)},
          {"train_deflated_sharpe", json_number(result.deflated_of_folds[k])},
          {"test_sharpe", json_number(fold.test_sharpe)}};
}

}  // namespace

std::string sweep_text(const SymbolResult& result) {
  const TradableSeries& series = *result.series;
  std::string text = coloured(series.symbol, Colour::bold) + ": " + grouped(series.bars()) + " bars, " +
                     grouped(result.trials.count) + " combinations";
  if (series.frozen_bars > 0)
    text += ", " + grouped(series.frozen_bars) + " bars with missing values left out";
  text += slippage_text(result.slippage) + "\n";
  if (result.traded == 0) return text + idle_text(result);
  text += best_table(result).text() + "\n" + luck_text(result);
  if (!result.best.empty()) {
    const auto regimes = regime_table("best in regime", result.regime_plan, result.best.front().by_regime);
    text += regimes.empty() ? "" : regimes + "\n";
  }
  return text + fold_text(result);
}

ordered_json sweep_json(const SymbolResult& result) {
  ordered_json json{{"symbol", result.series->symbol},
                    {"bars", result.series->bars()},
                    {"frozen_bars", result.series->frozen_bars},
                    {"periods_per_year", result.series->periods_per_year},
                    {"trials", result.trials.count},
                    {"traded", result.traded},
                    {"trial_sharpe_variance", json_number(result.trials.variance)},
                    {"overfitting_probability", json_number(result.overfitting.probability)},
                    {"overfitting_splits", result.overfitting.splits},
                    {"loss_probability", json_number(result.overfitting.loss_probability)},
                    {"best", ordered_json::array()},
                    {"best_of_strategy", ordered_json::array()}};
  json.update(slippage_json(result.slippage));
  for (const Best& one : result.best) json["best"].push_back(best_json(result, one));
  for (const Best& one : result.best_of_strategy) json["best_of_strategy"].push_back(best_json(result, one));
  if (result.walk_forward.folds.empty()) return json;
  json["walk_forward_sharpe"] = json_number(result.walk_forward.sharpe);
  for (std::size_t k = 0; k < result.walk_forward.folds.size(); ++k)
    json["folds"].push_back(fold_json(result, k));
  return json;
}

std::string families_text() {
  std::string text;
  for (const Family& family : catalogue()) {
    text += coloured(family.name, Colour::bold) + ": " + family.summary + "\n  " + family.formula + "\n  (" +
            family.source + ")\n";
    for (const Parameter& parameter : all_parameters(family)) {
      text += "    " + parameter.name + ": " + parameter.meaning + " (backtest " +
              digits(parameter.fallback, 6) + ", sweep " + parameter.grid + ")\n";
    }
  }
  return text;
}

ordered_json families_json() {
  auto families = ordered_json::array();
  for (const Family& family : catalogue()) {
    auto parameters = ordered_json::array();
    for (const Parameter& parameter : all_parameters(family)) {
      parameters.push_back({{"name", parameter.name},
                            {"meaning", parameter.meaning},
                            {"backtest", parameter.fallback},
                            {"sweep", parameter.grid}});
    }
    families.push_back({{"name", family.name},
                        {"summary", family.summary},
                        {"formula", family.formula},
                        {"source", family.source},
                        {"needs_volume", needs_volume(family)},
                        {"parameters", std::move(parameters)}});
  }
  return {{"strategies", std::move(families)}};
}

}  // namespace regent::strategies
