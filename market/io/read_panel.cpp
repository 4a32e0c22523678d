// Files → one panel: read, clean, merge onto the union of their times.

#include <algorithm>
#include <fstream>
#include <set>

#include "base/error.hpp"
#include "base/nan_value.hpp"
#include "market/io/clean_rows.hpp"
#include "market/io/findings.hpp"
#include "market/io/panel_file.hpp"
#include "market/io/raw_rows.hpp"
#include "market/panel_selection.hpp"

namespace regent::market {

namespace {

constexpr std::size_t symbols_max = 100'000;

struct CleanFile {
  RawRows raw;
  std::vector<std::uint8_t> keep;
  // Column of the panel for each number in symbol_of_row (long), for the file (one_symbol) or for each value
  // (wide).
  std::vector<std::size_t> panel_symbol;
};

void sort_unique(auto& values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

std::string column_list(ColumnSet columns) {
  std::string text;
  for (std::size_t c = 0; c < column_count; ++c) {
    if (columns.has(static_cast<Column>(c)))
      text += (text.empty() ? "" : ", ") + std::string(column_names[c]);
  }
  return text;
}

void check_same_columns(const std::vector<CleanFile>& files) {
  for (const auto& file : files) {
    const auto first = files.front().raw.layout.column_set();
    const auto other = file.raw.layout.column_set();
    if (first == other) continue;
    throw InputError(file.raw.file + " has the columns " + column_list(other) + ", but " +
                     files.front().raw.file + " has " + column_list(first) +
                     "; files of one panel must have the same");
  }
}

std::vector<std::string> names_in(const RawRows& raw) {
  if (raw.layout.form != Layout::Form::wide) return raw.symbols;
  std::vector<std::string> names;
  for (const auto& value : raw.layout.values) names.push_back(value.name);
  return names;
}

// Puts rows into the panel's grid and finds bars that are given twice.
class Assembly {
 public:
  Assembly(std::vector<CleanFile>& files, const ValidationPolicy& policy, Findings& findings)
      : files_(files), policy_(policy), findings_(findings) {}

  Panel run() {
    make_grid();
    for (auto& file : files_) {
      file.raw.layout.form == Layout::Form::wide ? place_wide(file) : place_bars(file);
    }
    return std::move(panel_);
  }

 private:
  enum : std::uint8_t { cell_free, cell_taken, cell_disputed };

  void make_grid() {
    for (const auto& file : files_) {
      const auto names = names_in(file.raw);
      panel_.symbols.insert(panel_.symbols.end(), names.begin(), names.end());
      for (std::size_t row = 0; row < file.raw.rows(); ++row) {
        if (file.keep[row] != 0) panel_.timestamps_ms.push_back(file.raw.timestamps_ms[row]);
      }
    }
    sort_unique(panel_.symbols);
    sort_unique(panel_.timestamps_ms);
    if (panel_.symbol_count() > symbols_max) {
      throw InputError(std::to_string(panel_.symbol_count()) + " symbols; at most " +
                       std::to_string(symbols_max) + " make a panel");
    }
    const auto columns = files_.front().raw.layout.column_set();
    const std::size_t cells = panel_.bars() * panel_.symbol_count();
    if (cells > cells_max / column_count) {
      throw InputError("a panel of " + std::to_string(panel_.bars()) + " bars and " +
                       std::to_string(panel_.symbol_count()) +
                       " symbols is too large; import fewer files at once");
    }
    for (std::size_t c = 0; c < column_count; ++c) {
      if (columns.has(static_cast<Column>(c))) panel_.columns[c].assign(cells, nan_value);
    }
    state_.assign(cells, cell_free);
    for (auto& file : files_) {
      for (const auto& name : names_in(file.raw)) {
        const auto at = std::ranges::lower_bound(panel_.symbols, name);
        file.panel_symbol.push_back(static_cast<std::size_t>(at - panel_.symbols.begin()));
      }
    }
  }

  std::size_t bar_of(TimestampMs time) {
    if (hint_ < panel_.bars() && panel_.timestamps_ms[hint_] == time) return hint_++;
    const std::size_t bar = panel_.lower_bound(time);
    hint_ = bar + 1;
    return bar;
  }

  Repair duplicate(const RawRows& raw, std::size_t row, const std::string& symbol) {
    const auto time = format_timestamp(raw.timestamps_ms[row]);
    const auto describe = [&](ImportReport::Finding& finding) {
      finding.file = raw.file;
      finding.row = raw.row_number(row);
      finding.column = symbol.empty() ? "time" : symbol;
      finding.value = time;
    };
    return findings_.add({"duplicate", policy_.duplicate, "data.on_duplicate"}, describe, [&] {
      return raw.row_name(row) + ": a second row for " + time +
             (symbol.empty() ? "" : " and symbol " + symbol);
    });
  }

  void clear_bar(std::size_t cell) {
    for (auto& column : panel_.columns) {
      if (!column.empty()) column[cell] = nan_value;
    }
    state_[cell] = cell_disputed;
  }

  void place_bars(const CleanFile& file) {
    const auto& raw = file.raw;
    for (std::size_t row = 0; row < raw.rows(); ++row) {
      if (file.keep[row] == 0) continue;
      const std::size_t symbol = file.panel_symbol[raw.symbol_of_row.empty() ? 0 : raw.symbol_of_row[row]];
      const std::size_t cell = bar_of(raw.timestamps_ms[row]) * panel_.symbol_count() + symbol;
      if (state_[cell] != cell_free) {
        if (duplicate(raw, row, panel_.symbols[symbol]) == Repair::missing) clear_bar(cell);
        continue;
      }
      state_[cell] = cell_taken;
      for (std::size_t v = 0; v < raw.values.size(); ++v) {
        panel_.columns[static_cast<std::size_t>(raw.layout.values[v].role)][cell] = raw.values[v][row];
      }
    }
  }

  void place_wide(const CleanFile& file) {
    const auto& raw = file.raw;
    std::vector<std::uint8_t> seen(panel_.bars(), 0);  // times of this file
    for (std::size_t row = 0; row < raw.rows(); ++row) {
      if (file.keep[row] == 0) continue;
      const std::size_t bar = bar_of(raw.timestamps_ms[row]);
      const std::size_t first_cell = bar * panel_.symbol_count();
      if (seen[bar] != 0) {
        if (duplicate(raw, row, "") == Repair::missing) {
          for (const std::size_t symbol : file.panel_symbol) clear_bar(first_cell + symbol);
        }
        continue;
      }
      seen[bar] = 1;
      for (std::size_t v = 0; v < raw.values.size(); ++v) place_close(file, row, v, first_cell);
    }
  }

  void place_close(const CleanFile& file, std::size_t row, std::size_t v, std::size_t first_cell) {
    const double close = file.raw.values[v][row];
    const std::size_t cell = first_cell + file.panel_symbol[v];
    if (close != close) return;  // an empty cell says nothing, another file may have it
    if (state_[cell] != cell_free) {
      if (duplicate(file.raw, row, panel_.symbols[file.panel_symbol[v]]) == Repair::missing) clear_bar(cell);
      return;
    }
    state_[cell] = cell_taken;
    panel_.columns[static_cast<std::size_t>(Column::close)][cell] = close;
  }

  std::vector<CleanFile>& files_;
  const ValidationPolicy& policy_;
  Findings& findings_;
  Panel panel_;
  std::vector<std::uint8_t> state_;  // [bars, symbols]
  std::size_t hint_ = 0;
};

void report_empty_symbols(const Panel& panel, const std::vector<std::size_t>& kept, Findings& findings) {
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    if (std::ranges::binary_search(kept, s)) continue;
    findings.add(
        {"symbol without prices", Repair::drop, nullptr},
        [&](ImportReport::Finding& finding) { finding.column = panel.symbols[s]; }, [] { return ""; });
  }
}

std::string file_of_symbol(const std::vector<CleanFile>& files, const std::string& symbol) {
  for (const auto& file : files) {
    const auto names = names_in(file.raw);
    if (std::ranges::find(names, symbol) != names.end()) return file.raw.file;
  }
  return "";
}

// The steps of one symbol between bars with a close that are far longer than its usual one.
void find_gaps(const Panel& panel, std::size_t symbol, const std::vector<CleanFile>& files,
               const ValidationPolicy& policy, Findings& findings) {
  const std::vector<TimestampMs> times = close_times(panel, symbol);
  if (times.size() < 3) return;
  const TimestampMs longest = usual_step(times) * policy.gap_bars_max;
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    if (times[i + 1] - times[i] <= longest) continue;
    const auto value = format_timestamp(times[i]) + " to " + format_timestamp(times[i + 1]);
    const auto describe = [&](ImportReport::Finding& finding) {
      finding.file = file_of_symbol(files, panel.symbols[symbol]);
      finding.column = panel.symbols[symbol];
      finding.value = value;
    };
    const Repair repair = policy.gap == Repair::reject ? Repair::reject : Repair::missing;
    findings.add({"gap", repair, "data.on_gap"}, describe, [&] {
      return "symbol " + panel.symbols[symbol] + ": no bar from " + value + ", longer than " +
             std::to_string(policy.gap_bars_max) + " usual steps";
    });
  }
}

void report_ignored(const std::vector<CleanFile>& files, ImportReport& report) {
  std::set<std::string> names;
  for (const auto& file : files) names.insert(file.raw.layout.ignored.begin(), file.raw.layout.ignored.end());
  report.ignored_columns.assign(names.begin(), names.end());
}

}  // namespace

bool is_parquet_file(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) throw InputError(file + ": no such file");
  if (!std::filesystem::is_regular_file(file, error)) throw InputError(file + ": is no regular file");
  if (std::filesystem::file_size(file, error) == 0) {
    throw InputError(file + ": the file is empty; expected CSV, CSV.gz or Parquet with rows");
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) throw InputError(file + ": cannot be opened for reading");
  char magic[4] = {};
  in.read(magic, sizeof magic);
  const bool is_parquet = std::string_view(magic, sizeof magic) == "PAR1";
  if (!is_parquet && std::filesystem::path(file).extension() == ".parquet") {
    throw InputError(file + ": is no Parquet file (it does not start with PAR1)");
  }
  return is_parquet;
}

RawRows read_rows(const std::string& file, bool adjusted) {
  RawRows raw = is_parquet_file(file) ? read_parquet(file, adjusted) : read_csv(file, adjusted);
  if (raw.layout.form == Layout::Form::one_symbol) raw.intern(symbol_from_file_name(file));
  return raw;
}

Panel read_panel(std::span<const std::filesystem::path> files, const ValidationPolicy& policy,
                 ImportReport* report) {
  if (files.empty()) throw InputError("no file with market data was named");
  ImportReport own;
  ImportReport& told = report != nullptr ? *report : own;
  told = {};
  Findings findings(told);
  std::vector<CleanFile> cleaned;
  for (const auto& path : files) {
    CleanFile file{read_rows(path.string(), policy.adjusted), {}, {}};
    ++told.files;
    told.rows += file.raw.rows();
    file.keep = clean_rows(file.raw, policy, findings);
    cleaned.push_back(std::move(file));
  }
  check_same_columns(cleaned);
  report_ignored(cleaned, told);
  Panel panel = Assembly(cleaned, policy, findings).run();
  findings.throw_if_rejected();
  report_empty_symbols(panel, symbols_with_closes(panel), findings);
  panel = without_empty(panel);
  if (panel.bars() == 0 || panel.symbol_count() == 0) {
    throw InputError(files.front().string() + ": no bar is left after " + std::to_string(told.finding_count) +
                     " findings");
  }
  for (std::size_t s = 0; s < panel.symbol_count(); ++s) {
    find_gaps(panel, s, cleaned, policy, findings);
  }
  findings.throw_if_rejected();
  return panel;
}

ValidationPolicy validation_policy(const Config& config) {
  const auto repair = [&](const char* key) {
    const auto& text = config.text(key);
    return text == "reject" ? Repair::reject : text == "missing" ? Repair::missing : Repair::drop;
  };
  ValidationPolicy policy;
  policy.unsorted = repair("data.on_unsorted");
  policy.duplicate = repair("data.on_duplicate");
  policy.not_a_number = repair("data.on_nan");
  policy.non_positive_price = repair("data.on_non_positive");
  policy.high_below_low = repair("data.on_high_below_low");
  policy.gap = repair("data.on_gap");
  policy.gap_bars_max = static_cast<int>(config.integer("data.gap_bars_max"));
  policy.adjusted = config.boolean("data.adjusted");
  return policy;
}

}  // namespace regent::market
