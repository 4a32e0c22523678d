#pragma once
// CSV and CSV.gz as rows of text, by Arrow's streaming reader: what every reader of CSV here begins with.

#include <arrow/csv/api.h>

#include <memory>
#include <string>
#include <vector>

namespace regent::market {

struct CsvHeader {
  std::vector<std::string> names;  // trimmed, in the file's order
  char delimiter = ',';
  bool is_row = false;  // the first line is a row itself, and the names are made up
};

// The first line, with quotes and byte order mark taken off; the delimiter is the first found of , tab ; |.
// Throws InputError for an empty file, a first line that is no text in UTF-8, more than 100,000 columns.
CsvHeader read_csv_header(const std::string& file);

// [lines after the first `skipped`] whether nothing, not even a space, stands in the line.
std::vector<bool> empty_csv_lines(const std::string& file, std::size_t skipped);

// The first row of the wrong length stops the reading.
struct RowWatch {
  std::string complaint;
  arrow::csv::InvalidRowResult operator()(const arrow::csv::InvalidRow& row);
  void throw_if_wrong(const std::string& file) const;  // InputError
};

// The named columns of the rows after the header, as binary text, in file order, with no threads, so that
// rows have numbers. `watch` must outlive the reader. nullptr: no row.
std::shared_ptr<arrow::csv::StreamingReader> open_csv_rows(const std::string& file, const CsvHeader& header,
                                                           const std::vector<std::string>& columns,
                                                           RowWatch& watch);

}  // namespace regent::market
