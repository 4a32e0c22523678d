#pragma once
// The table of observations that a covariance is taken of: returns of a panel of bars, or any columns of
// numbers.

#include <string>
#include <vector>

#include "base/time.hpp"
#include "covariance/matrix.hpp"
#include "market/io/data_input.hpp"

namespace regent::covariance {

enum class Returns { log, simple, none };

struct SourceFlags {
  market::DataFlags bars;         // files, --from, --to, --symbols, --adjusted, --json, --config, …
  std::vector<std::string> data;  // --data: the same as naming the files
  std::string returns = "log";
};

void add_source_flags(CLI::App& command, SourceFlags& flags);

struct Table {
  std::string file;
  std::vector<std::string> names;  // [columns]
  std::vector<TimestampMs> times;  // [rows], of the bar that a return ends with; empty without a time column
  std::vector<double> values;      // [rows, columns]; NaN is missing
  std::size_t rows = 0;
  double periods_per_year = 0;  // NaN when unknown
  Returns returns = Returns::log;

  Observations observations() const { return {values, rows, names.size()}; }
  std::string row_name(std::size_t row) const;  // the time, or "row 7"
};

// Bars: ln(c_t / c_{t−1}) or c_t / c_{t−1} − 1 of closes on neighbouring bars; NaN where either is missing. A
// table
// (--returns none): every column of numbers beside time; names, and a symbol column, are an error. Throws
// InputError for what cannot be read, fewer than 2 rows, fewer than 1 column, and columns that never change
// or have fewer than 2 values, naming them.
Table read_table(const SourceFlags& flags);

}  // namespace regent::covariance
