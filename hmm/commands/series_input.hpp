#pragma once
// The series of a table file: which columns a model reads, which rows belong together, what is carried
// through.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hmm/inference.hpp"
#include "market/io/series_file.hpp"

namespace regent::hmm {

struct NamedSeries {
  std::string symbol;             // "" where the file has no symbol column
  std::vector<std::size_t> rows;  // of the table, in the file's order
  std::vector<double> values;     // [rows, columns]
};

struct SeriesInput {
  SeriesBatch::Kind kind = SeriesBatch::Kind::observations;
  market::SeriesTable table;
  std::vector<std::string> columns;           // the table's columns in `values`
  std::vector<market::SeriesColumn> carried;  // every other column
  std::vector<NamedSeries> series;            // by first appearance
  SeriesBatch batch() const;                  // views into `series`
  bool has_symbols() const { return series.size() > 1 || !series.front().symbol.empty(); }
  // [rows] of the carried time column; nothing where there is none, or one of row numbers.
  std::optional<std::vector<TimestampMs>> times() const;
};

// --data: the named features, each a column of the file. Throws InputError for a missing column, a cell that
// is no number, a cell of the time column that is no time where others are, and times that do not go forward
// within a symbol.
SeriesInput read_features(const std::string& file, const std::vector<std::string>& features);
// --emissions: the columns beside time and symbol, one per state, as emission log-likelihoods: in the order
// of `labels` where their names are these, in whatever order the file has them, else as they stand.
SeriesInput read_emissions(const std::string& file, const std::vector<std::string>& labels);

}  // namespace regent::hmm
