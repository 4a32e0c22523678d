#include "market/io/data_input.hpp"

#include <algorithm>
#include <iostream>

#include "base/error.hpp"
#include "base/table.hpp"
#include "base/time.hpp"
#include "market/longer_bars.hpp"
#include "market/panel_selection.hpp"

namespace regent::market {

namespace {

constexpr std::size_t examples_shown = 3;

TimestampMs parse_flag(const std::string& flag, const std::string& text) {
  try {
    return parse_timestamp(text);
  } catch (const InputError& error) {
    throw InputError(flag + ": " + error.what());
  }
}

// A date keeps its whole day.
TimestampMs end_of(const std::string& text) {
  const TimestampMs time = parse_flag("--to", text);
  return time + (text.size() == 10 && text[4] == '-' ? day_ms : 1);
}

// "from --from A on", "up to --to B" or both.
std::string range_text(const DataFlags& flags) {
  if (flags.to.empty()) return "from --from " + flags.from + " on";
  if (flags.from.empty()) return "up to --to " + flags.to;
  return "between --from " + flags.from + " and --to " + flags.to;
}

Panel bars_of_timeframe(const Panel& panel, const std::string& timeframe) {
  LongerBars longer;
  try {
    longer = longer_bars(panel, parse_step(timeframe));
  } catch (const InputError& error) {
    throw InputError(std::string("--timeframe: ") + error.what());
  }
  if (longer.panel.bars() == 0) {
    throw InputError("--timeframe " + timeframe + ": the data do not fill one such bar");
  }
  if (longer.unfinished_ms) {
    std::cerr << "the bar of " << format_timestamp(*longer.unfinished_ms)
              << " is not over and left out: the data end within it\n";
  }
  return std::move(longer.panel);
}

std::string example_text(const ImportReport::Finding& finding) {
  std::string text = finding.file;
  if (finding.row > 0) text += (text.empty() ? "" : ":") + std::to_string(finding.row);
  if (!finding.column.empty()) text += (text.empty() ? "" : " ") + finding.column;
  if (!finding.value.empty()) text += " = " + finding.value;
  return text;
}

}  // namespace

void add_data_flags(CLI::App& command, DataFlags& flags) {
  command
      .add_option("files", flags.files,
                  "CSV, CSV.gz or Parquet files (default: data.files of the configuration)")
      ->type_name("FILE");
  command.add_flag("--adjusted", flags.adjusted, "Multiply open, high, low and close by adj_close / close");
  command.add_option("--from", flags.from, "First bar kept, for example 2015-01-01")->type_name("DATE");
  command.add_option("--to", flags.to, "Last bar kept; a date keeps its whole day")->type_name("DATE");
  command.add_option("--symbols", flags.symbols, "Symbols kept, with commas")->type_name("A,B");
  command
      .add_option("--timeframe", flags.timeframe,
                  "Length of the bars, longer than the data's: 15m, 4h, 1d, 1w (default: as they are)")
      ->type_name("STEP");
  command.add_flag("--json", flags.json, "One JSON object on standard output instead of tables");
  add_common_flags(command, flags.common);
}

Panel read_input(const DataFlags& flags, ImportReport& report) {
  std::map<std::string, std::string> extra;
  if (flags.adjusted) extra["data.adjusted"] = "true";
  const Config config = load_config(flags.common, extra);
  const auto& names = flags.files.empty() ? config.text_list("data.files") : flags.files;
  if (names.empty()) throw InputError("name at least one CSV, CSV.gz or Parquet file, or set data.files");
  for (const std::string& name : names) {
    if (flags.files.empty()) refuse_written("data.files", name);
  }
  const std::vector<std::filesystem::path> files(names.begin(), names.end());
  Panel panel = read_panel(files, validation_policy(config), &report);
  if (!flags.symbols.empty()) panel = with_symbol_names(panel, split_names(flags.symbols));
  const std::size_t first = flags.from.empty() ? 0 : panel.lower_bound(parse_flag("--from", flags.from));
  const std::size_t end = flags.to.empty() ? panel.bars() : panel.lower_bound(end_of(flags.to));
  if (first >= end) {
    throw InputError("no bar " + range_text(flags) + "; the data runs from " +
                     format_timestamp(panel.timestamps_ms.front()) + " to " +
                     format_timestamp(panel.timestamps_ms.back()));
  }
  Panel part = without_empty(first == 0 && end == panel.bars() ? panel : panel.slice(first, end));
  if (part.bars() == 0) throw InputError("no symbol has a price " + range_text(flags));
  return flags.timeframe.empty() ? part : bars_of_timeframe(part, flags.timeframe);
}

Panel read_input(const DataFlags& flags) {
  ImportReport report;
  Panel panel = read_input(flags, report);
  report.count_of_kind.erase("gap");
  std::cerr << findings_text(report);
  if (std::ranges::find(report.ignored_columns, "adj_close") != report.ignored_columns.end()) {
    std::cerr << "prices are not adjusted for splits and dividends: column adj_close is ignored without "
                 "--adjusted\n";
  }
  return panel;
}

std::string findings_text(const ImportReport& report) {
  std::string text;
  for (const auto& [kind, count] : report.count_of_kind) {
    std::size_t shown = 0;
    for (const auto& finding : report.findings) {
      if (finding.kind != kind || shown == examples_shown) continue;
      if (shown++ == 0) {
        const Colour colour = finding.done == "rejected" ? Colour::red : Colour::yellow;
        text += "  " + coloured(grouped(count) + " × " + kind + ", " + finding.done, colour) + '\n';
      }
      text += "      " + example_text(finding) + '\n';
    }
    if (count > shown)
      text += coloured("      … and " + grouped(count - shown) + " more", Colour::grey) + '\n';
  }
  return text;
}

nlohmann::json findings_json(const ImportReport& report) {
  auto list = nlohmann::json::array();
  for (const auto& finding : report.findings) {
    list.push_back({{"kind", finding.kind},
                    {"file", finding.file},
                    {"row", finding.row},
                    {"column", finding.column},
                    {"value", finding.value},
                    {"done", finding.done}});
  }
  return {{"files", report.files},
          {"rows", report.rows},
          {"finding_count", report.finding_count},
          {"count_of_kind", report.count_of_kind},
          {"findings", list},
          {"ignored_columns", report.ignored_columns}};
}

}  // namespace regent::market
