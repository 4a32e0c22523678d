#pragma once
// Panels as plain CSV in one strict form, without Arrow: what `regent data import --out FILE.csv` writes and
// what the engine's feeds read.
//
//   timestamp,symbol,open,high,low,close,volume     (close alone is needed; the others in this order where
//   they exist) 2020-03-16,AAPL,241.95,259.08,240,242.21,80605900
//
// A bar is the consecutive rows of one timestamp. Rows rise by timestamp, then by symbol. An empty cell is a
// missing value, an absent row a bar without that symbol. Prices are positive, volumes not negative, high is
// not below low.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "market/panel.hpp"

namespace regent::market {

struct CsvRow {
  TimestampMs timestamp_ms = 0;
  std::string symbol;
  std::array<double, column_count> values{};  // NaN where missing, and in columns that do not exist
};

// Parses one line after the other and remembers where it is, so that errors name file, line, field and value.
class CsvRowReader {
 public:
  explicit CsvRowReader(std::string name) : name_(std::move(name)) {}

  // The first line. Throws InputError.
  void read_header(std::string_view line);
  bool has_header() const { return has_header_; }
  ColumnSet columns() const { return columns_; }
  CsvRow read(std::string_view line);
  // "name:line: message"; for the caller's own findings about the last line.
  [[noreturn]] void refuse(const std::string& message) const;
  void skip_line() { ++line_; }

  static constexpr std::size_t line_bytes_max = 4'096;
  static constexpr std::size_t symbol_bytes_max = 128;

 private:
  double read_value(Column column, std::string_view text) const;

  std::string name_;
  std::int64_t line_ = 0;
  bool has_header_ = false;
  ColumnSet columns_;
  std::size_t fields_ = 0;
};

// Throws InputError naming file, line, field and value.
Panel read_csv_panel(const std::filesystem::path& file);
// One row for every bar and symbol, numbers in the shortest form that reads back to the same bits;
// atomically.
void write_csv_panel(const Panel& panel, const std::filesystem::path& file);

}  // namespace regent::market
