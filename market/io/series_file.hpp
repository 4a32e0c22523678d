#pragma once
// Tables of named columns of any kind, from and to CSV, CSV.gz and Parquet: feature tables, emission tables,
// results. A panel of bars has its own reader (panel_file.hpp).

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "market/io/panel_file.hpp"

namespace regent::market {

struct SeriesTable {
  std::string file;
  bool is_text = true;                // rows are lines: the columns hold the texts as they stand in the file
  bool has_header = true;             // of a text file
  std::vector<SeriesColumn> columns;  // in the file's order, names unique
  std::size_t rows = 0;
  std::vector<std::size_t> skipped_rows;  // blank lines, counted from the first row of the file

  std::string row_name(std::size_t row) const;              // "line 7" of a CSV file, "row 6" of Parquet
  const SeriesColumn* find(const std::string& name) const;  // nullptr when there is none
  const SeriesColumn* time_column() const;    // named timestamp, datetime, date, time, … as in a panel
  const SeriesColumn* symbol_column() const;  // named symbol, ticker, instrument or pair
};

// `may_lack_header`: a first line of numbers is a row, and the columns are named column_0, … (unless it is
// 0, 1, 2, …). A line without any text is skipped where there is a time or symbol column. Elsewhere a row of
// empty cells (",,") has missing values, and an empty line is skipped, unless the file has one column: there
// it is a missing value. Symbols are trimmed. Throws InputError naming file, line and what would be right.
SeriesTable read_series(const std::string& file, bool may_lack_header = false);

// Of a Parquet file, every cell of which has been read, a row group in memory at a time. Throws InputError
// naming the file where that is not possible.
struct SeriesShape {
  std::vector<std::string> names;
  std::int64_t rows = 0;
};
SeriesShape read_through(const std::string& file);

// The column's numbers; NaN where the cell is empty, null or says nan. Throws InputError naming file, row,
// column and value for anything else; −inf is a number only where `minus_infinity` says so.
std::vector<double> numbers_of(const SeriesTable& table, const SeriesColumn& column,
                               bool minus_infinity = false);
// Nothing where the cell is no plausible time.
std::optional<TimestampMs> time_of_cell(const SeriesColumn& column, std::size_t row);
// Times of a column; nothing where any cell is no plausible time.
std::optional<std::vector<TimestampMs>> times_of(const SeriesColumn& column);
// A cell as it stands in CSV: text, shortest digits that give the same double, "" for NaN.
std::string cell_text_of(const SeriesColumn& column, std::size_t row);

// *.csv or *.parquet, written atomically; texts that are times or numbers become such in Parquet, but for
// symbols and columns with a number that begins with 0, as 000001 does. Throws InputError for another name.
void write_series_file(const std::vector<SeriesColumn>& columns, const std::filesystem::path& file);

}  // namespace regent::market
