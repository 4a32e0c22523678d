#pragma once
// Panels from and to files, through Arrow: CSV, CSV.gz and Parquet; long (timestamp, symbol, open…volume,
// more columns ignored by name and reported) and wide (date × symbol closes). The layout is found from the
// header.

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/config/config.hpp"
#include "market/panel.hpp"

namespace regent::market {

// What to do with each kind of bad value. reject: InputError naming file, row, column and value.
enum class Repair { reject, drop, missing };  // drop the row; or keep the row with the value as NaN

struct ValidationPolicy {
  Repair unsorted = Repair::reject;   // drop and missing: sort
  Repair duplicate = Repair::reject;  // drop: keep the first; missing: the bar counts as missing
  Repair not_a_number = Repair::missing;
  Repair non_positive_price = Repair::reject;  // also a negative volume
  Repair high_below_low = Repair::reject;
  Repair gap = Repair::missing;  // longer than gap_bars_max of the usual step; missing: accept and report
  int gap_bars_max = 10;
  bool adjusted =
      false;  // multiply open, high, low and close by adj_close / close; the files need that column
};

// The policy that the keys data.on_… say.
ValidationPolicy validation_policy(const Config& config);

struct ImportReport {
  struct Finding {
    std::string kind, file, column, value, done;  // done: "rejected", "dropped", "kept as missing", "sorted"
    // CSV: 1-based line in the file, the header is line 1. Parquet: 1-based row. 0: the whole file.
    std::int64_t row = 0;
  };
  std::vector<Finding> findings;  // at most findings_max of each kind kept, all counted
  std::size_t finding_count = 0;
  std::map<std::string, std::size_t> count_of_kind;
  static constexpr std::size_t findings_max = 1000;
  std::vector<std::string> ignored_columns;
  std::size_t files = 0, rows = 0;  // rows read, dropped ones included
};

// Reads one panel from one or several files (a symbol per file, or several wide or long files that are
// merged; a file without a symbol column names its symbol: BTCUSDT_1h.csv.gz → BTCUSDT). Bars in which no
// symbol has any value and symbols without any price are left out. Throws InputError when a file cannot be
// read or a finding was to be rejected; *report is filled before that. Limits: rows_max rows a file,
// cells_max values a panel.
inline constexpr std::int64_t rows_max = 100'000'000;
inline constexpr std::size_t cells_max = 1'000'000'000;
Panel read_panel(std::span<const std::filesystem::path> files, const ValidationPolicy& policy = {},
                 ImportReport* report = nullptr);

// Long-form Parquet (timestamp as timestamp[ms, UTC], symbol, columns), zstd, written atomically: sorted by
// time, then symbol; a bar of a symbol without any value has no row, a missing value beside known ones is
// null.
void write_panel(const Panel& panel, const std::filesystem::path& file);

// A table of named columns as Parquet, for reports and plots. Every column has the same length.
struct SeriesColumn {
  std::string name;
  std::vector<double> reals;  // exactly one of the three is filled
  std::vector<std::int64_t> integers;
  std::vector<std::string> texts;
  bool is_timestamp = false;  // integers are UTC milliseconds
};
void write_series(const std::vector<SeriesColumn>& columns, const std::filesystem::path& file);

}  // namespace regent::market
