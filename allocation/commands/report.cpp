#include "allocation/commands/report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "base/gauge_text.hpp"
#include "base/table.hpp"
#include "market/io/output.hpp"

namespace regent::allocation {
namespace {

using market::digits;
using market::json_number;
using market::SeriesColumn;
using nlohmann::ordered_json;

constexpr std::size_t weights_shown = 12, absent_shown = 8;

const Weights& last_of(const Report& report) {
  return report.walk.portfolios.front().last;
}

double gross_of(const Weights& weights) {
  return std::accumulate(weights.weights.begin(), weights.weights.end(), 0.0,
                         [](double sum, double weight) { return sum + std::abs(weight); });
}

std::size_t capped_of(const Weights& weights) {
  return static_cast<std::size_t>(std::ranges::count(weights.position_capped, 1));
}

std::size_t cut_of(const Weights& weights) {
  return static_cast<std::size_t>(std::ranges::count_if(weights.kept, [](double kept) { return kept < 1; }));
}

std::string head_text(const Report& report) {
  const Weights& weights = last_of(report);
  const AllocatorSettings& settings = report.candidates.front().settings;
  const auto held = std::ranges::count_if(weights.weights, [](double weight) { return weight != 0; });
  std::string text = "  " + coloured(report.candidates.front().name, Colour::bold) + " weights after " +
                     format_timestamp(report.panel.timestamps_ms[report.walk.last_bar]) + ": " +
                     std::to_string(held) + " of " + std::to_string(report.panel.symbol_count()) +
                     " symbols held\n  volatility " + percent(weights.predicted_volatility) +
                     " p.a. predicted, target " + percent(settings.target_volatility) + "; gross " +
                     percent(gross_of(weights)) + "\n";
  if (const auto capped = capped_of(weights); capped > 0 || weights.gross_capped) {
    text += "  caps: " + std::to_string(capped) + (capped == 1 ? " symbol at " : " symbols at ") +
            percent(settings.position_max) +
            (weights.gross_capped ? ", all shrunk to a gross of " + percent(settings.gross_max) : "") + '\n';
  }
  if (const auto cut = cut_of(weights); cut > 0) {
    text += "  " + std::to_string(cut) + (cut == 1 ? " position" : " positions") +
            " cut for a correlation above " + digits(settings.derisk_from, 3) + '\n';
  }
  return text;
}

std::string absent_text(const Report& report) {
  const Weights& weights = last_of(report);
  std::string text;
  for (const Absence reason :
       {Absence::few_returns, Absence::no_variance, Absence::no_conviction, Absence::no_price}) {
    std::string names;
    std::size_t count = 0;
    for (std::size_t i = 0; i < weights.absent.size(); ++i) {
      if (weights.absent[i] != reason) continue;
      if (count++ < absent_shown) names += (names.empty() ? "" : ", ") + report.panel.symbols[i];
    }
    if (count == 0) continue;
    const std::string more =
        count > absent_shown ? " and " + std::to_string(count - absent_shown) + " more" : "";
    text +=
        coloured("  weight 0, " + std::string(words_of(reason)) + ": " + names + more + '\n', Colour::yellow);
  }
  return text;
}

std::string weights_text(const Report& report) {
  const Weights& weights = last_of(report);
  std::vector<std::size_t> order(weights.weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return weights.weights[i] == 0; });
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t i) { return std::abs(weights.weights[i]); });
  Table table;
  table.header = {"symbol", "conviction", "weight", "share of variance", "kept", "cap"};
  table.right = {false, true, true, true, true, false};
  for (std::size_t k = 0; k < std::min(order.size(), weights_shown); ++k) {
    const std::size_t i = order[k];
    table.rows.push_back({{report.panel.symbols[i], Colour::bold},
                          {digits(report.convictions[i], 3)},
                          {percent(weights.weights[i], 2)},
                          {report.portfolio ? percent(report.portfolio->risk.by_asset[i]) : "–"},
                          {percent(weights.kept[i], 0)},
                          {weights.position_capped[i] != 0 ? "yes" : ""}});
  }
  const std::string more = order.size() > weights_shown
                               ? "      … and " + std::to_string(order.size() - weights_shown) + " more\n"
                               : "";
  return '\n' + table.text() + more;
}

// What a walk could not do.
std::string walk_notices(const Report& report) {
  std::string text;
  for (const Held& held : report.walk.portfolios) {
    if (held.account.ruined) text += "  " + held.name + " was ruined and traded no more\n";
    if (held.account.unfilled > 0)
      text +=
          "  " + held.name + ": " + grouped(held.account.unfilled) + " weights had no price at their fill\n";
  }
  return text.empty() ? text : coloured(text, Colour::yellow);
}

std::string scores_text(const Report& report) {
  const auto& ends = report.walk.period_ends;
  Table table;
  table.header = {"",       "volatility/y", "miss",       "yearly miss", "return/y",
                  "Sharpe", "max drawdown", "turnover/y", "costs/y",     "gross"};
  table.right = {false, true, true, true, true, true, true, true, true, true};
  for (std::size_t i = 0; i < report.scores.size(); ++i) {
    const Score& score = report.scores[i];
    table.rows.push_back({{report.candidates[i].name, i == 0 ? Colour::bold : Colour::plain},
                          {percent(score.performance.annual_volatility, 2)},
                          {percent(score.miss)},
                          {percent(score.yearly_miss)},
                          {percent(score.performance.annual_return)},
                          {digits(score.performance.sharpe, 3)},
                          {percent(score.performance.drawdown_max)},
                          {digits(score.turnover, 3) + " x"},
                          {percent(score.costs, 2)},
                          {digits(score.gross, 3)}});
  }
  return "\n  walk forward: " + grouped(report.walk.portfolios.front().bars.size()) + " decisions, " +
         grouped(ends.size()) + " periods to " + format_timestamp(report.panel.timestamps_ms[ends.back()]) +
         ", target " + percent(report.candidates.front().settings.target_volatility) +
         "; miss: |realised − target| / target\n" + table.text() + walk_notices(report);
}

ordered_json weights_json(const Report& report) {
  const Weights& weights = last_of(report);
  auto list = ordered_json::array();
  for (std::size_t i = 0; i < weights.weights.size(); ++i) {
    ordered_json entry{{"symbol", report.panel.symbols[i]},
                       {"conviction", json_number(report.convictions[i])},
                       {"weight", weights.weights[i]},
                       {"kept", weights.kept[i]},
                       {"capped", weights.position_capped[i] != 0}};
    if (weights.absent[i] != Absence::none) entry["absent"] = words_of(weights.absent[i]);
    list.push_back(std::move(entry));
  }
  return list;
}

ordered_json score_json(const Candidate& candidate, const Score& score) {
  return {{"name", candidate.name},
          {"fully_invested", candidate.fully_invested},
          {"annual_volatility", json_number(score.performance.annual_volatility)},
          {"miss", json_number(score.miss)},
          {"yearly_miss", json_number(score.yearly_miss)},
          {"annual_return", json_number(score.performance.annual_return)},
          {"sharpe", json_number(score.performance.sharpe)},
          {"drawdown_max", json_number(score.performance.drawdown_max)},
          {"turnover", score.turnover},
          {"costs", score.costs},
          {"gross_exposure", score.gross}};
}

}  // namespace

ordered_json report_json(const Report& report) {
  const Weights& weights = last_of(report);
  const AllocatorSettings& settings = report.candidates.front().settings;
  ordered_json json{{"method", report.candidates.front().name},
                    {"time", format_timestamp(report.panel.timestamps_ms[report.walk.last_bar])},
                    {"regime", report.walk.portfolios.front().regimes.back()},
                    {"target_volatility", settings.target_volatility},
                    {"predicted_volatility", weights.predicted_volatility},
                    {"uncapped_volatility", weights.uncapped_volatility},
                    {"gross", gross_of(weights)},
                    {"gross_capped", weights.gross_capped},
                    {"periods_per_year", json_number(settings.periods_per_year)},
                    {"weights", weights_json(report)},
                    {"risk", nullptr}};
  if (report.portfolio) {
    json["risk"] = covariance::portfolio_json(report.returns, *report.portfolio);
    json["risk"].erase("weights");
  }
  if (report.scores.empty()) return json;
  json["decisions"] = report.walk.portfolios.front().bars.size();
  json["periods"] = report.walk.period_ends.size();
  json["walk_forward"] = ordered_json::array();
  for (std::size_t i = 0; i < report.scores.size(); ++i) {
    json["walk_forward"].push_back(score_json(report.candidates[i], report.scores[i]));
  }
  return json;
}

std::string report_text(const Report& report) {
  std::string text = head_text(report) + absent_text(report) + weights_text(report);
  if (report.portfolio) text += covariance::risk_text(report.returns, *report.portfolio);
  return report.scores.empty() ? text : text + scores_text(report);
}

std::string metrics_text(const Report& report) {
  const Weights& weights = last_of(report);
  const auto& symbols = report.panel.symbols;
  std::ostringstream out;
  out.precision(12);
  const auto gauge = [&](const char* name, const char* help, double value) {
    if (!std::isfinite(value)) return;
    put_gauge_head(out, std::string("regent_allocate_") + name, help);
    out << "regent_allocate_" << name << ' ' << value << '\n';
  };
  const auto by_symbol = [&](const char* name, const char* help, const std::vector<double>& values) {
    put_gauge_head(out, std::string("regent_allocate_") + name, help);
    for (std::size_t i = 0; i < symbols.size(); ++i)
      out << "regent_allocate_" << name << "{symbol=\"" << label_text(symbols[i]) << "\"} " << values[i]
          << '\n';
  };
  const double last_s = static_cast<double>(report.panel.timestamps_ms[report.walk.last_bar]) * 1e-3;
  gauge("bar_timestamp_seconds", "Time of the bar after which the weights were decided.", last_s);
  by_symbol("weight", "Weight, fraction of the equity.", weights.weights);
  gauge("gross", "Sum of the absolute weights.", gross_of(weights));
  gauge("volatility_predicted", "Volatility a year that the covariance predicts.",
        weights.predicted_volatility);
  gauge("volatility_target", "Volatility a year that was asked for.",
        report.candidates.front().settings.target_volatility);
  if (!report.portfolio) return out.str();
  by_symbol("risk_share", "Share of the variance that comes from the symbol.",
            report.portfolio->risk.by_asset);
  gauge("effective_bets", "Exponential of the entropy of the modes' shares.",
        report.portfolio->risk.effective_bets);
  const auto& tail = report.portfolio->tails.back();
  gauge("value_at_risk_99", "VaR 99 % of a bar, of the past with these weights.",
        tail.historical.value_at_risk);
  gauge("expected_shortfall_99", "ES 99 % of a bar, of the past with these weights.",
        tail.historical.expected_shortfall);
  return out.str();
}

std::vector<SeriesColumn> weight_columns(const Report& report) {
  const Held& held = report.walk.portfolios.front();
  const std::size_t symbols = report.panel.symbol_count();
  std::vector<SeriesColumn> columns{{.name = "timestamp", .is_timestamp = true}};
  for (const std::size_t bar : held.bars) columns[0].integers.push_back(report.panel.timestamps_ms[bar]);
  for (std::size_t i = 0; i < symbols; ++i) {
    SeriesColumn column{.name = report.panel.symbols[i]};
    for (std::size_t row = 0; row < held.bars.size(); ++row) {
      column.reals.push_back(held.weights[row * symbols + i]);
    }
    columns.push_back(std::move(column));
  }
  const bool known = std::ranges::any_of(held.regimes, [](const auto& label) { return !label.empty(); });
  if (known) columns.push_back({.name = "regime", .texts = held.regimes});
  return columns;
}

std::vector<SeriesColumn> return_columns(const Report& report) {
  std::vector<SeriesColumn> columns{{.name = "timestamp", .is_timestamp = true}};
  for (const std::size_t bar : report.walk.period_ends) {
    columns[0].integers.push_back(report.panel.timestamps_ms[bar]);
  }
  for (const Held& held : report.walk.portfolios) {
    columns.push_back({.name = held.name, .reals = held.account.returns});
  }
  return columns;
}

}  // namespace regent::allocation
