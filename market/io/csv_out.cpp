#include "market/io/csv_out.hpp"

#include <algorithm>

#include "market/io/series_file.hpp"

namespace regent::market {
namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

}  // namespace

std::size_t rows_of(const SeriesColumn& column) {
  return std::max({column.reals.size(), column.integers.size(), column.texts.size()});
}

std::string csv_header(const std::vector<SeriesColumn>& columns) {
  std::string line;
  for (std::size_t c = 0; c < columns.size(); ++c) line += (c == 0 ? "" : ",") + quoted(columns[c].name);
  return line + '\n';
}

std::string csv_rows(const std::vector<SeriesColumn>& columns) {
  std::string out;
  const std::size_t rows = columns.empty() ? 0 : rows_of(columns.front());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string cell = quoted(cell_text_of(columns[c], row));
      // one empty cell alone would be an empty line
      out += (c == 0 ? "" : ",") + (columns.size() == 1 && cell.empty() ? std::string("\"\"") : cell);
    }
    out += '\n';
  }
  return out;
}

}  // namespace regent::market
