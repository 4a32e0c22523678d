// regent data import | check | describe

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "base/command_line.hpp"
#include "base/error.hpp"
#include "base/table.hpp"
#include "market/csv_panel.hpp"
#include "market/feature_stream.hpp"
#include "market/io/commands/summary.hpp"
#include "market/io/data_input.hpp"
#include "market/io/output.hpp"
#include "market/market_state.hpp"

namespace regent::market {
namespace {

using nlohmann::json;

std::string columns_text(ColumnSet columns) {
  std::string text;
  for (std::size_t c = 0; c < column_count; ++c) {
    if (columns.has(static_cast<Column>(c)))
      text += (text.empty() ? "" : ", ") + std::string(column_names[c]);
  }
  return text;
}

json number(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

void print_line(const std::string& name, const std::string& value) {
  std::cout << "  "
            << coloured(name + std::string(name.size() < 12 ? 12 - name.size() : 1, ' '), Colour::grey)
            << value << '\n';
}

void print_head(const Panel& panel, const ImportReport& report) {
  const auto summary = summarise(panel);
  print_line("read", grouped(report.rows) + " rows from " + grouped(report.files) +
                         (report.files == 1 ? " file" : " files"));
  print_line("symbols", grouped(panel.symbol_count()));
  print_line("span", format_timestamp(panel.timestamps_ms.front()) + " to " +
                         format_timestamp(panel.timestamps_ms.back()) + ", " + grouped(panel.bars()) +
                         " bars of " + step_name(summary.step_ms));
  print_line("columns", columns_text(panel.column_set()));
  if (report.ignored_columns.empty()) return;
  std::string names;
  for (const auto& name : report.ignored_columns) names += (names.empty() ? "" : ", ") + name;
  print_line("ignored", names);
}

void print_symbols_short(const Panel& panel) {
  Table table;
  table.header = {"symbol", "first", "last", "bars", "missing"};
  table.right = {false, false, false, true, true};
  for (const auto& s : summarise(panel).symbols) {
    table.rows.push_back({{s.symbol, Colour::bold},
                          {format_timestamp(s.first_ms)},
                          {format_timestamp(s.last_ms)},
                          {grouped(s.bars)},
                          {grouped(s.missing), s.missing > 0 ? Colour::yellow : Colour::plain}});
  }
  std::cout << '\n' << table.text();
}

void print_findings(const ImportReport& report) {
  if (report.finding_count == 0) {
    std::cout << "\n  " << coloured("no findings", Colour::green) << '\n';
  } else {
    std::cout << '\n' << findings_text(report);
  }
}

json panel_json(const Panel& panel) {
  const auto summary = summarise(panel);
  auto symbols = json::array();
  for (const auto& s : summary.symbols) {
    symbols.push_back({{"symbol", s.symbol},
                       {"first", format_timestamp(s.first_ms)},
                       {"last", format_timestamp(s.last_ms)},
                       {"bars", s.bars},
                       {"missing", s.missing},
                       {"annual_return", number(s.annual_return)},
                       {"annual_volatility", number(s.annual_volatility)},
                       {"drawdown_max", number(s.drawdown_max)},
                       {"worst_return", number(s.worst_return)},
                       {"worst_time", s.worst_ms == 0 ? json(nullptr) : json(format_timestamp(s.worst_ms))}});
  }
  return {{"bars", panel.bars()},
          {"first", format_timestamp(panel.timestamps_ms.front())},
          {"last", format_timestamp(panel.timestamps_ms.back())},
          {"step_ms", summary.step_ms},
          {"periods_per_year", number(summary.periods_per_year)},
          {"columns", columns_text(panel.column_set())},
          {"fingerprint", panel.fingerprint()},
          {"equal_weight",
           {{"annual_return", number(summary.annual_return)},
            {"annual_volatility", number(summary.annual_volatility)},
            {"drawdown_max", number(summary.drawdown_max)}}},
          {"symbols", symbols}};
}

// A rejected file still shows what was found in it.
Panel read_and_show_rejection(const DataFlags& flags, ImportReport& report) {
  try {
    return read_input(flags, report);
  } catch (const InputError&) {
    if (flags.json) {
      std::cout << json{{"accepted", false}, {"import", findings_json(report)}}.dump(2) << '\n';
    } else if (report.finding_count > 0) {
      std::cout << findings_text(report);
    }
    throw;
  }
}

int import_data(const DataFlags& flags, const std::string& out) {
  if (out.empty()) throw InputError("--out needs a name that ends in .csv or .parquet");
  check_table_name(out);
  ImportReport report;
  const Panel panel = read_and_show_rejection(flags, report);
  // the engine, which knows no Parquet, replays the CSV form
  out.ends_with(".csv") ? write_csv_panel(panel, out) : write_panel(panel, out);
  if (flags.json) {
    std::cout << json{{"accepted", true},
                      {"out", out},
                      {"import", findings_json(report)},
                      {"panel", panel_json(panel)}}
                     .dump(2)
              << '\n';
    return 0;
  }
  print_head(panel, report);
  print_symbols_short(panel);
  print_findings(report);
  std::cout << "\n  " << coloured("wrote", Colour::green) << ' ' << out << '\n';
  return 0;
}

int check_data(const DataFlags& flags) {
  ImportReport report;
  const Panel panel = read_and_show_rejection(flags, report);
  if (flags.json) {
    std::cout
        << json{{"accepted", true}, {"import", findings_json(report)}, {"panel", panel_json(panel)}}.dump(2)
        << '\n';
    return 0;
  }
  print_head(panel, report);
  print_findings(report);
  std::cout << "\n  " << coloured("accepted", Colour::green) << '\n';
  return 0;
}

void print_description(const Panel& panel) {
  const auto summary = summarise(panel);
  Table table;
  table.header = {"symbol",      "first",      "last",         "bars",     "missing",
                  "return p.a.", "volatility", "max drawdown", "worst bar"};
  table.right = {false, false, false, true, true, true, true, true, false};
  for (const auto& s : summary.symbols) {
    const Colour colour = s.annual_return < 0 ? Colour::red : Colour::green;
    table.rows.push_back(
        {{s.symbol, Colour::bold},
         {format_timestamp(s.first_ms)},
         {format_timestamp(s.last_ms)},
         {grouped(s.bars)},
         {grouped(s.missing), s.missing > 0 ? Colour::yellow : Colour::plain},
         {percent(s.annual_return), colour},
         {percent(s.annual_volatility)},
         {percent(s.drawdown_max)},
         {percent(s.worst_return) + (s.worst_ms == 0 ? "" : " on " + format_timestamp(s.worst_ms))}});
  }
  std::cout << '\n' << table.text() << '\n';
  print_line("together", "equal weights: " + percent(summary.annual_return) + " p.a., volatility " +
                             percent(summary.annual_volatility) + ", max drawdown " +
                             percent(summary.drawdown_max));
}

void print_features(const Panel& panel) {
  std::vector<std::string> left_out;
  const auto available = available_features(panel.column_set(), &left_out);
  std::string line;
  std::cout << '\n';
  print_line("features", std::to_string(available.size()) + " of " +
                             std::to_string(feature_catalogue().size()) + " can be made from these columns");
  for (std::size_t i = 0; i < available.size(); ++i) {
    line += (line.empty() ? "" : ", ") + available[i];
    if (line.size() < 80 && i + 1 < available.size()) continue;
    std::cout << "              " << line << '\n';
    line.clear();
  }
  for (std::size_t i = 0; i < left_out.size(); ++i) print_line(i == 0 ? "left out" : "", left_out[i]);
}

int describe_data(const DataFlags& flags) {
  ImportReport report;
  const Panel panel = read_and_show_rejection(flags, report);
  if (flags.json) {
    std::vector<std::string> left_out;
    const auto available = available_features(panel.column_set(), &left_out);
    json out = panel_json(panel);
    out["features"] = available;
    out["features_left_out"] = left_out;
    std::cout << out.dump(2) << '\n';
    return 0;
  }
  print_head(panel, report);
  print_description(panel);
  print_features(panel);
  return 0;
}

}  // namespace
}  // namespace regent::market

int main(int argc, char** argv) {
  using namespace regent::market;
  CLI::App app("Bring market data into Regent's own form, check it, look at it", "regent-data");
  app.require_subcommand(1);
  DataFlags flags;
  std::string out;
  auto* import_command = app.add_subcommand("import", "Read bars, check them and write one Parquet file");
  add_data_flags(*import_command, flags);
  import_command
      ->add_option("--out", out,
                   "What to write: FILE.parquet, or FILE.csv for regent engine --feed replay:FILE.csv")
      ->type_name(regent::written_table)
      ->required();
  auto* check_command =
      app.add_subcommand("check", "The same checks, nothing is written; exit code 2 when rejected");
  add_data_flags(*check_command, flags);
  auto* describe_command = app.add_subcommand(
      "describe", "Span, return, volatility and drawdown of each symbol, and the features it can feed");
  add_data_flags(*describe_command, flags);
  return regent::run_command(app, argc, argv, [&] {
    if (import_command->parsed()) return import_data(flags, out);
    if (check_command->parsed()) return check_data(flags);
    return describe_data(flags);
  });
}
