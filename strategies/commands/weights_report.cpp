#include "strategies/commands/weights_report.hpp"

#include <algorithm>
#include <cmath>

#include "base/table.hpp"
#include "market/performance.hpp"
#include "strategies/commands/month_table.hpp"
#include "strategies/commands/result_text.hpp"

namespace regent::strategies {
namespace {

using market::Performance;
using market::SeriesColumn;
using nlohmann::ordered_json;

constexpr const char* portfolio_name = "portfolio";

struct RegimePerformance {
  std::string label;
  Performance performance;
};

// In the order in which regimes first appear.
std::vector<RegimePerformance> by_regime(const WeightsBacktest& result) {
  std::vector<std::string> labels;
  for (const std::string& label : result.regimes)
    if (std::ranges::find(labels, label) == labels.end()) labels.push_back(label);
  std::vector<RegimePerformance> all;
  for (const std::string& label : labels) {
    std::vector<double> returns;
    for (std::size_t t = 0; t < result.regimes.size(); ++t)
      if (result.regimes[t] == label) returns.push_back(result.account.returns[t]);
    all.push_back({label, market::performance_of(returns, result.periods_per_year)});
  }
  return all;
}

std::string performance_table(const Performance& own, const Performance& hold) {
  Table table;
  table.header = {"", "weights", "equal weights held"};
  table.right = {false, true, true};
  const auto add = [&](const char* name, double Performance::*value, bool as_percent) {
    const auto text = [&](const Performance& p) {
      return as_percent ? percent(p.*value) : digits(p.*value, 4);
    };
    table.rows.push_back({{name}, {text(own), Colour::bold}, {text(hold)}});
  };
  add("return", &Performance::total_return, true);
  add("return/y", &Performance::annual_return, true);
  add("volatility/y", &Performance::annual_volatility, true);
  add("Sharpe", &Performance::sharpe, false);
  add("Sortino", &Performance::sortino, false);
  add("max drawdown", &Performance::drawdown_max, true);
  add("skewness", &Performance::skewness, false);
  add("kurtosis", &Performance::kurtosis, false);
  return table.text();
}

// What fills paid beyond the price, of all that was traded.
double slippage_bps_mean(const WeightsBacktest& result) {
  const double traded = result.account.turnover * static_cast<double>(result.account.returns.size());
  return 1e4 * (result.account.costs - result.account.fees) / traded;
}

std::string cost_table(const WeightsBacktest& result) {
  const double years = static_cast<double>(result.account.returns.size()) / result.periods_per_year;
  Table table;
  table.header = {"a year, of equity", ""};
  table.right = {false, true};
  const std::string slippage = result.liquidity_slippage ? "slippage by liquidity, mean " +
                                                               digits(slippage_bps_mean(result), 3) + " bp"
                                                         : "slippage";
  table.rows = {{{"fees"}, {percent(result.account.fees / years, 2)}},
                {{slippage}, {percent((result.account.costs - result.account.fees) / years, 2)}},
                {{"turnover"}, {digits(result.account.turnover * result.periods_per_year, 4) + " x"}},
                {{"mean gross exposure"}, {percent(result.account.gross_exposure)}}};
  return table.text();
}

std::string regime_table(const std::vector<RegimePerformance>& all) {
  Table table;
  table.header = {"regime known before the period", "periods", "return/y", "volatility/y", "Sharpe"};
  table.right = {false, true, true, true, true};
  for (const auto& [label, p] : all)
    table.rows.push_back({{label},
                          {grouped(p.periods)},
                          {percent(p.annual_return)},
                          {percent(p.annual_volatility)},
                          {digits(p.sharpe, 3)}});
  return table.text();
}

ordered_json performance_json(const Performance& p) {
  return {{"total_return", json_number(p.total_return)},
          {"annual_return", json_number(p.annual_return)},
          {"annual_volatility", json_number(p.annual_volatility)},
          {"sharpe", json_number(p.sharpe)},
          {"sortino", json_number(p.sortino)},
          {"drawdown_max", json_number(p.drawdown_max)},
          {"skewness", json_number(p.skewness)},
          {"kurtosis", json_number(p.kurtosis)}};
}

// What was asked for and could not be had.
std::string notices(const WeightsBacktest& result) {
  std::string text;
  if (result.account.unfilled > 0)
    text += grouped(result.account.unfilled) +
            (result.account.unfilled == 1 ? " weight had no price at the bar of its fill"
                                          : " weights had no price at the bar of their fill") +
            ": what was held of the symbol stayed\n";
  if (result.decisions_too_late > 0)
    text += grouped(result.decisions_too_late) +
            (result.decisions_too_late == 1 ? " decision at the end of the data was not filled\n"
                                            : " decisions at the end of the data were not filled\n");
  if (result.account.ruined) {
    const auto ruin = std::ranges::find(result.account.returns, -1.0);
    text += "ruined in the period that ends " +
            format_timestamp(result.timestamps_ms[ruin - result.account.returns.begin()]) + "\n";
  }
  return text.empty() ? text : coloured(text, Colour::yellow);
}

}  // namespace

std::string weights_text(const WeightsBacktest& result, const std::string& name) {
  std::string text = coloured(name, Colour::bold) + ": " + grouped(result.decisions) + " decisions, " +
                     grouped(result.account.returns.size()) + " periods, the first ending " +
                     format_timestamp(result.timestamps_ms.front()) + " and the last " +
                     format_timestamp(result.timestamps_ms.back()) +
                     (result.at_close ? ", filled at the next close\n" : ", filled at the next open\n") +
                     notices(result);
  text += performance_table(market::performance_of(result.account.returns, result.periods_per_year),
                            market::performance_of(result.hold_returns, result.periods_per_year)) +
          "\n" + cost_table(result) + "\n";
  if (!result.regimes.empty()) text += regime_table(by_regime(result)) + "\n";
  return text + month_table(result.timestamps_ms, result.account.returns);
}

ordered_json weights_json(const WeightsBacktest& result, const std::string& name) {
  ordered_json json{{"symbol", portfolio_name},
                    {"strategy", "weights"},
                    {"parameters", name},
                    {"decisions", result.decisions},
                    {"decisions_too_late", result.decisions_too_late},
                    {"unfilled_weights", result.account.unfilled},
                    {"ruined", result.account.ruined},
                    {"periods", result.account.returns.size()},
                    {"fill", result.at_close ? "next-close" : "next-open"},
                    {"periods_per_year", result.periods_per_year}};
  json.update(performance_json(market::performance_of(result.account.returns, result.periods_per_year)));
  json["turnover"] = result.account.turnover * result.periods_per_year;
  json["gross_exposure"] = result.account.gross_exposure;
  json["fees"] = result.account.fees;
  json["slippage"] = result.account.costs - result.account.fees;
  json["slippage_model"] = result.liquidity_slippage ? "liquidity" : "fixed";
  json["slippage_bps_mean"] = json_number(slippage_bps_mean(result));
  json["equal_weights_held"] =
      performance_json(market::performance_of(result.hold_returns, result.periods_per_year));
  json["costs_of"] = "the equity, all periods";
  json["labels"] = ordered_json::array();
  for (const auto& [label, p] : by_regime(result)) {
    json["labels"].push_back(label);
    ordered_json regime{{"label", label}, {"periods", p.periods}};
    regime.update(performance_json(p));
    json["regimes"].push_back(std::move(regime));
  }
  return json;
}

std::vector<SeriesColumn> weights_columns(const WeightsBacktest& result, double start_cash) {
  SeriesColumn time{.name = "timestamp", .is_timestamp = true}, symbol{.name = "symbol"},
      close{.name = "close"};
  SeriesColumn equity{.name = "equity"}, side{.name = "side"}, earned{.name = "net_return"};
  SeriesColumn regime{.name = "regime", .texts = result.regimes};
  double own = start_cash, held = 1;
  for (std::size_t t = 0; t < result.account.returns.size(); ++t) {
    own *= 1 + result.account.returns[t];
    held *= 1 + result.hold_returns[t];
    time.integers.push_back(result.timestamps_ms[t]);
    symbol.texts.emplace_back(portfolio_name);
    close.reals.push_back(held);
    equity.reals.push_back(own);
    side.integers.push_back(1);
    earned.reals.push_back(result.account.returns[t]);
  }
  std::vector<SeriesColumn> columns{time, symbol, close, equity, side, earned};
  if (!result.regimes.empty()) columns.push_back(std::move(regime));
  return columns;
}

}  // namespace regent::strategies
