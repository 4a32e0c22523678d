#include "report/text.hpp"

#include <cmath>
#include <cstdio>
#include <vector>

#include "base/terminal.hpp"

namespace regent::report {

namespace {

using Json = nlohmann::json;

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::string show(const Json& value, const char* pattern, double scale = 1) {
  return value.is_number() ? format(pattern, scale * value.get<double>()) : "n/a";
}

std::string percent(const Json& value) {
  return show(value, "%.1f %%", 100);
}

struct Row {
  std::string name;
  std::vector<std::string> cells;
};

std::vector<Row> performance_rows(const Json& metrics) {
  const Json& policy = metrics.at("policy");
  const std::vector<const Json*> curves{&policy, &metrics.at("policy_ungated"), &metrics.at("buy_and_hold")};
  const auto row = [&](const char* name, const char* key, const char* pattern, double scale) {
    Row result{name, {}};
    for (const Json* curve : curves) result.cells.push_back(show(curve->at(key), pattern, scale));
    return result;
  };
  std::vector<Row> rows{row("total return", "total_return", "%.1f %%", 100),
                        row("annual return", "annual_return", "%.1f %%", 100),
                        row("annual volatility", "annual_volatility", "%.1f %%", 100),
                        row("Sharpe", "sharpe", "%.2f", 1),
                        row("probabilistic Sharpe (> 0)", "sharpe_probabilistic", "%.3f", 1),
                        row("max drawdown", "drawdown_max", "%.1f %%", 100),
                        row("final equity", "final_equity", "%.0f", 1)};
  if (policy.contains("sharpe_deflated")) {
    rows.insert(rows.begin() + 5,
                Row{"deflated Sharpe (" + std::to_string(policy.at("trials").get<long>()) + " trials)",
                    {show(policy.at("sharpe_deflated"), "%.3f"), "", ""}});
  }
  return rows;
}

std::vector<std::pair<std::string, std::string>> facts(const Json& metrics) {
  const Json& costs = metrics.at("costs");
  const Json& orders = metrics.at("orders");
  const Json& latency = metrics.at("decisions").at("latency_us");
  std::vector<std::pair<std::string, std::string>> lines{
      {"costs", show(costs.at("total"), "%.0f") + " (fees " + show(costs.at("fees"), "%.0f") + ", slippage " +
                    show(costs.at("slippage"), "%.0f") + "), " +
                    show(costs.at("cost_annual"), "%.2f %%", 100) + " of equity a year"},
      {"turnover", show(costs.at("turnover_annual"), "%.1f") + " × equity a year"},
      {"orders", std::to_string(orders.at("submitted").get<long>()) + " submitted, " +
                     std::to_string(orders.at("filled").get<long>()) + " filled, " +
                     std::to_string(orders.at("denied").get<long>()) + " denied by the gates"}};
  for (const auto& [gate, reasons] : orders.at("denials").items()) {
    for (const auto& [reason, count] : reasons.items()) {
      lines.emplace_back("  denied by " + gate, reason + " × " + std::to_string(count.get<long>()));
    }
  }
  lines.emplace_back("decision latency", "p50 " + show(latency.at("p50"), "%.0f µs") + ", p99 " +
                                             show(latency.at("p99"), "%.0f µs"));
  std::string states;
  for (const char* state : {"ACTIVE", "HOLD", "REDUCING", "HALTED"}) {
    states += (states.empty() ? "" : ", ") + std::string(state) + " " +
              std::to_string(metrics.at("states").at(state).get<long>());
  }
  lines.emplace_back("bars in each state", states);
  for (const auto& label : metrics.at("regimes").at("labels")) {
    const auto name = label.get<std::string>();
    lines.emplace_back(
        "regime " + name,
        std::to_string(metrics.at("regimes").at("days").at(name).get<long>()) + " bars, policy " +
            percent(metrics.at("regimes").at("policy_annual_return").at(name)) + " a year after them");
  }
  return lines;
}

std::string title(const Json& metrics) {
  const Json& run = metrics.at("run");
  return run.at("first_bar").get<std::string>() + " to " + run.at("last_bar").get<std::string>() + ", " +
         std::to_string(run.at("bars").get<long>()) + " bars of " + std::to_string(run.at("symbols").size()) +
         " symbols";
}

std::string conditions(const Json& metrics) {
  const Json& run = metrics.at("run");
  return "Fills at the " + run.at("fill_rule").get<std::string>() + ", fee " +
         show(run.at("fee_rate"), "%.3f %%", 100) + ", slippage " +
         show(run.at("slippage_rate"), "%.3f %%", 100) + " per trade, all curves alike. Paper venue.";
}

// Pads to `width` columns on screen; every byte that continues a UTF-8 character takes none.
std::string padded(const std::string& text, std::size_t width, bool right) {
  std::size_t columns = 0;
  for (const char byte : text) columns += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  const std::string blanks(columns < width ? width - columns : 0, ' ');
  return right ? blanks + text : text + blanks;
}

}  // namespace

std::string markdown_report(const Json& metrics) {
  std::string text = "# Run " + metrics.at("run").at("stream").get<std::string>() + "\n\n" + title(metrics) +
                     ". " + conditions(metrics) + "\n\n**" + metrics.at("verdict").get<std::string>() +
                     "**\n\n";
  text += "| | policy | without gates | buy and hold |\n|---|---:|---:|---:|\n";
  for (const Row& row : performance_rows(metrics)) {
    text += "| " + row.name;
    for (const std::string& cell : row.cells) text += " | " + cell;
    text += " |\n";
  }
  text += "\n| | |\n|---|---|\n";
  for (const auto& [name, value] : facts(metrics)) text += "| " + name + " | " + value + " |\n";
  text +=
      "\n![equity](equity.png)\n\n![regimes](regimes.png)\n\n"
      "The regime of a bar is the filtered one: no value uses anything after its bar. The probabilistic "
      "Sharpe ratio "
      "is the probability that the true ratio is above zero; the deflated one allows for every checkpoint "
      "that was "
      "looked at before a policy was chosen (validation years only, never the years of this report).\n";
  return text;
}

std::string terminal_report(const Json& metrics) {
  std::string text = "\n" + coloured(title(metrics), Colour::bold) + "\n" + conditions(metrics) + "\n\n";
  text += padded("", 30, false) + padded("policy", 15, true) + padded("without gates", 15, true) +
          padded("buy and hold", 15, true) + "\n";
  for (const Row& row : performance_rows(metrics)) {
    text += padded(row.name, 30, false);
    for (const std::string& cell : row.cells) text += padded(cell, 15, true);
    text += "\n";
  }
  text += "\n";
  for (const auto& [name, value] : facts(metrics)) text += padded(name, 22, false) + value + "\n";
  text += "\n" + coloured(metrics.at("verdict").get<std::string>(), Colour::bold) + "\n";
  return text;
}

}  // namespace regent::report
