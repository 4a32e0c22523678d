#include "strategies/commands/tear_sheet.hpp"

#include <algorithm>
#include <cmath>

#include "base/table.hpp"
#include "base/time.hpp"
#include "strategies/commands/month_table.hpp"
#include "strategies/commands/regime_table.hpp"
#include "strategies/commands/result_text.hpp"
#include "strategies/regime_metrics.hpp"

namespace regent::strategies {
namespace {

using cuda::sweep::Trade;
using market::SeriesColumn;
using nlohmann::ordered_json;

struct TradeStatistics {
  double best = std::nan(""), worst = std::nan(""), mean = std::nan(""), mean_bars = std::nan("");
  double long_profit = 0, short_profit = 0;
};

TradeStatistics trade_statistics(const std::vector<Trade>& trades) {
  TradeStatistics s;
  if (trades.empty()) return s;
  s.best = s.worst = trades.front().growth;
  s.mean = s.mean_bars = 0;
  for (const Trade& trade : trades) {
    s.best = std::max(s.best, trade.growth);
    s.worst = std::min(s.worst, trade.growth);
    s.mean += trade.growth / static_cast<double>(trades.size());
    s.mean_bars += (trade.exit_bar - trade.entry_bar) / static_cast<double>(trades.size());
    (trade.side > 0 ? s.long_profit : s.short_profit) += trade.profit;
  }
  return s;
}

std::string metric_table(const BacktestResult& r) {
  const Metrics& m = r.metrics;
  const TradeStatistics s = trade_statistics(r.journal.trades);
  Table table;
  table.header = {"result", "", "risk", "", "trades", ""};
  table.right = {false, true, false, true, false, true};
  table.rows = {{{"end equity"},
                 {digits(r.journal.equity.back(), 8), Colour::bold},
                 {"volatility/y"},
                 {percent(m.annual_volatility)},
                 {"closed"},
                 {digits(m.trades, 7)}},
                {{"return"},
                 {percent(m.total_return), Colour::bold},
                 {"Sharpe"},
                 {digits(m.sharpe, 4), Colour::bold},
                 {"won"},
                 {percent(m.win_rate)}},
                {{"return/y"},
                 {percent(m.annual_return)},
                 {"Sortino"},
                 {digits(m.sortino, 4)},
                 {"profit factor"},
                 {digits(m.profit_factor, 4)}},
                {{"buy and hold"},
                 {percent(r.hold_return)},
                 {"max drawdown"},
                 {percent(m.drawdown_max)},
                 {"mean"},
                 {percent(s.mean, 2)}},
                {{"exposure"},
                 {percent(m.exposure)},
                 {"skewness"},
                 {digits(r.performance.skewness, 3)},
                 {"best, worst"},
                 {percent(s.best) + ", " + percent(s.worst)}},
                {{"turnover/y"},
                 {digits(m.turnover, 4)},
                 {"kurtosis"},
                 {digits(r.performance.kurtosis, 3)},
                 {"mean bars"},
                 {digits(s.mean_bars, 4)}}};
  return table.text();
}

std::string cost_table(const BacktestResult& r) {
  const double start = r.rules.start_cash;
  Table table;
  table.header = {"costs", "money", "of start cash"};
  table.right = {false, true, true};
  table.rows = {{{"fees"}, {digits(r.metrics.fees * start, 7)}, {percent(r.metrics.fees)}},
                {{"slippage"}, {digits(r.metrics.slippage * start, 7)}, {percent(r.metrics.slippage)}}};
  return table.text();
}

std::vector<Metrics> by_regime(const BacktestResult& result) {
  return metrics_by_regime(result.journal, result.plan, result.series.periods_per_year);
}

std::string trade_table(const BacktestResult& result, std::size_t shown) {
  Table table;
  table.header = {"entry", "exit", "side", "units", "entry price", "exit price", "profit", "", "reason"};
  table.right = {false, false, false, true, true, true, true, true, false};
  const auto& trades = result.journal.trades;
  for (std::size_t i = trades.size() - std::min(shown, trades.size()); i < trades.size(); ++i) {
    const Trade& t = trades[i];
    table.rows.push_back(
        {{format_timestamp(result.series.timestamps_ms[static_cast<std::size_t>(t.entry_bar)])},
         {format_timestamp(result.series.timestamps_ms[static_cast<std::size_t>(t.exit_bar)])},
         {t.side > 0 ? "long" : "short"},
         {digits(t.units, 6)},
         {digits(t.entry_price, 8)},
         {digits(t.exit_price, 8)},
         {digits(t.profit, 6), t.profit < 0 ? Colour::red : Colour::green},
         {percent(t.growth, 2)},
         {name_of(t.reason)}});
  }
  return table.rows.empty() ? "" : table.text();
}

void put(std::vector<SeriesColumn>& columns, const std::string& name, double value) {
  std::ranges::find(columns, name, &SeriesColumn::name)->reals.push_back(value);
}

}  // namespace

const char* name_of(cuda::sweep::ExitReason reason) {
  switch (reason) {
    case cuda::sweep::ExitReason::signal:
      return "signal";
    case cuda::sweep::ExitReason::stop:
      return "stop";
    case cuda::sweep::ExitReason::target:
      return "target";
    case cuda::sweep::ExitReason::last_bar:
      return "last_bar";
    case cuda::sweep::ExitReason::ruin:
      return "ruin";
  }
  return "";
}

std::string tear_sheet_text(const BacktestResult& result, std::size_t trades_shown) {
  const auto& times = result.series.timestamps_ms;
  std::string text = coloured(result.series.symbol, Colour::bold) + ": " + result.strategy + " " +
                     result.parameters + ", " + grouped(result.series.bars()) + " bars from " +
                     format_timestamp(times.front()) + " to " + format_timestamp(times.back());
  text += result.series.has_opens ? ", filled at the next open" : ", filled at the next close";
  text += slippage_text(result.slippage) + "\n";
  if (result.series.frozen_bars > 0) {
    text += "  " + grouped(result.series.frozen_bars) + " bars with missing values left out\n";
  }
  if (result.journal.too_small > 0) {
    text += "  " + std::to_string(result.journal.too_small) +
            " entries were left out: not one whole unit could be paid\n";
  }
  text += metric_table(result) + "\n" + cost_table(result) + "\n";
  if (!result.plan.regimes.empty())
    text += regime_table("regime known before the bar", result.plan, by_regime(result)) + "\n";
  // the first bar has no return
  text += month_table(std::span(times).subspan(1), result.journal.net_return);
  const std::string trades = trade_table(result, trades_shown);
  if (!trades.empty())
    text += "\n  the last trades of " + grouped(result.journal.trades.size()) + "\n" + trades;
  return text;
}

ordered_json tear_sheet_json(const BacktestResult& result) {
  ordered_json json{{"symbol", result.series.symbol},
                    {"strategy", result.strategy},
                    {"parameters", result.parameters},
                    {"bars", result.series.bars()},
                    {"frozen_bars", result.series.frozen_bars},
                    {"fill", result.series.has_opens ? "next-open" : "next-close"},
                    {"periods_per_year", result.series.periods_per_year},
                    {"end_equity", result.journal.equity.back()},
                    {"buy_and_hold", result.hold_return}};
  json.update(slippage_json(result.slippage));
  json.update(metrics_json(result.metrics));
  json["skewness"] = json_number(result.performance.skewness);
  json["kurtosis"] = json_number(result.performance.kurtosis);
  json["open_side"] = result.journal.outcome.open_side;
  json["ruined"] = result.journal.outcome.ruined;
  json["entries_too_small"] = result.journal.too_small;
  if (!result.plan.regimes.empty()) json["regimes"] = regimes_json(result.plan, by_regime(result));
  json["trade_list"] = ordered_json::array();
  for (const Trade& t : result.journal.trades) {
    json["trade_list"].push_back(
        {{"entry", format_timestamp(result.series.timestamps_ms[static_cast<std::size_t>(t.entry_bar)])},
         {"exit", format_timestamp(result.series.timestamps_ms[static_cast<std::size_t>(t.exit_bar)])},
         {"entry_bar", t.entry_bar},
         {"exit_bar", t.exit_bar},
         {"side", t.side},
         {"units", t.units},
         {"entry_price", t.entry_price},
         {"exit_price", t.exit_price},
         {"fees", t.entry_fee + t.exit_fee},
         {"slippage", t.slippage},
         {"profit", t.profit},
         {"growth", t.growth},
         {"reason", name_of(t.reason)}});
  }
  return json;
}

std::vector<SeriesColumn> trade_columns(const std::vector<BacktestResult>& results) {
  SeriesColumn symbol{.name = "symbol"}, entry{.name = "entry", .is_timestamp = true},
      reason{.name = "reason"};
  SeriesColumn exit{.name = "exit", .is_timestamp = true}, side{.name = "side"};
  std::vector<SeriesColumn> numbers;
  for (const char* name :
       {"units", "entry_price", "exit_price", "entry_fee", "exit_fee", "slippage", "profit", "growth"}) {
    numbers.push_back({.name = name});
  }
  for (const auto& result : results) {
    for (const Trade& t : result.journal.trades) {
      symbol.texts.push_back(result.series.symbol);
      entry.integers.push_back(result.series.timestamps_ms[static_cast<std::size_t>(t.entry_bar)]);
      exit.integers.push_back(result.series.timestamps_ms[static_cast<std::size_t>(t.exit_bar)]);
      side.integers.push_back(t.side);
      reason.texts.emplace_back(name_of(t.reason));
      put(numbers, "units", t.units);
      put(numbers, "entry_price", t.entry_price);
      put(numbers, "exit_price", t.exit_price);
      put(numbers, "entry_fee", t.entry_fee);
      put(numbers, "exit_fee", t.exit_fee);
      put(numbers, "slippage", t.slippage);
      put(numbers, "profit", t.profit);
      put(numbers, "growth", t.growth);
    }
  }
  std::vector<SeriesColumn> columns{symbol, entry, exit, side};
  std::ranges::move(numbers, std::back_inserter(columns));
  columns.push_back(reason);
  return columns;
}

std::vector<SeriesColumn> equity_columns(const std::vector<BacktestResult>& results) {
  SeriesColumn symbol{.name = "symbol"}, time{.name = "timestamp", .is_timestamp = true},
      close{.name = "close"};
  SeriesColumn equity{.name = "equity"}, side{.name = "side"}, earned{.name = "net_return"},
      regime{.name = "regime"};
  for (const auto& r : results) {
    for (std::size_t t = 0; t < r.series.bars(); ++t) {
      symbol.texts.push_back(r.series.symbol);
      time.integers.push_back(r.series.timestamps_ms[t]);
      close.reals.push_back(r.series.close[t]);
      equity.reals.push_back(r.journal.equity[t]);
      side.integers.push_back(r.journal.side[t]);
      earned.reals.push_back(t == 0 ? 0 : r.journal.net_return[t - 1]);
      if (!r.regimes.labels.empty())
        regime.texts.push_back(r.regimes.labels[static_cast<std::size_t>(r.regimes.of_bar[t])]);
    }
  }
  std::vector<SeriesColumn> columns{time, symbol, close, equity, side, earned};
  if (!regime.texts.empty()) columns.push_back(regime);
  return columns;
}

}  // namespace regent::strategies
