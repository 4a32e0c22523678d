#include "market/csv_panel.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/error.hpp"

namespace regent::market {

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

std::string_view without_carriage_return(std::string_view line) {
  return !line.empty() && line.back() == '\r' ? line.substr(0, line.size() - 1) : line;
}

// Calls use(line) for each line of the text.
template <typename Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t start = 0;;) {
    const std::size_t comma = line.find(',', start);
    fields.push_back(line.substr(start, comma == std::string_view::npos ? comma : comma - start));
    if (comma == std::string_view::npos) return fields;
    start = comma + 1;
  }
}

std::string quoted(std::string_view text) {
  std::string result(1, '\'');
  result += text.substr(0, 100);
  result += '\'';
  return result;
}

bool is_symbol(std::string_view text) {
  const auto plain = [](char c) { return c > 0x20 && c != 0x7F && c != '"' && c != ','; };
  return !text.empty() && text.size() <= CsvRowReader::symbol_bytes_max &&
         std::all_of(text.begin(), text.end(), plain);
}

void append_real(std::string& text, double value) {
  if (std::isnan(value)) return;
  std::array<char, 40> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  text.append(buffer.data(), result.ptr);
}

}  // namespace

void CsvRowReader::refuse(const std::string& message) const {
  throw InputError(name_ + ":" + std::to_string(line_) + ": " + message);
}

void CsvRowReader::read_header(std::string_view line) {
  ++line_;
  const auto fields = split(without_carriage_return(line));
  const char* right =
      "the header must be timestamp,symbol and then close, or some of open,high,low,close,volume in "
      "that order";
  if (fields.size() < 3 || fields[0] != "timestamp" || fields[1] != "symbol") {
    refuse(quoted(line) + " is not a header; " + right);
  }
  std::size_t next = 0;
  for (std::size_t i = 2; i < fields.size(); ++i) {
    while (next < column_count && fields[i] != column_names[next]) ++next;
    if (next == column_count) refuse(quoted(fields[i]) + " is no column here; " + right);
    columns_.add(static_cast<Column>(next++));
  }
  if (!columns_.has(Column::close)) refuse(std::string("there is no column close; ") + right);
  fields_ = fields.size();
  has_header_ = true;
}

double CsvRowReader::read_value(Column column, std::string_view text) const {
  if (text.empty()) return missing;
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = result.ec == std::errc() && result.ptr == text.data() + text.size();
  const char* name = column_names[static_cast<std::size_t>(column)];
  const auto shown = [&] { return std::string(name) + " is '" + std::string(text.substr(0, 100)) + "'; "; };
  if (!whole || !std::isfinite(value)) refuse(shown() + "a number is right, or nothing for a missing value");
  if (column == Column::volume && value < 0) refuse(shown() + "a volume is not negative");
  if (column != Column::volume && !(value > 0)) refuse(shown() + "a price is positive");
  return value;
}

CsvRow CsvRowReader::read(std::string_view line) {
  ++line_;
  if (line.size() > line_bytes_max) {
    refuse("the line has " + std::to_string(line.size()) + " bytes; at most " +
           std::to_string(line_bytes_max));
  }
  const auto fields = split(without_carriage_return(line));
  if (fields.size() != fields_) {
    refuse("has " + std::to_string(fields.size()) + " fields; the header has " + std::to_string(fields_));
  }
  CsvRow row;
  try {
    row.timestamp_ms = parse_timestamp(fields[0]);
  } catch (const InputError& error) {
    refuse(std::string("timestamp: ") + error.what());
  }
  if (!is_symbol(fields[1])) {
    refuse("symbol is " + quoted(fields[1]) + "; 1 to 128 characters without spaces and quotes are right");
  }
  row.symbol = fields[1];
  row.values.fill(missing);
  std::size_t field = 2;
  for (std::size_t c = 0; c < column_count; ++c) {
    const auto column = static_cast<Column>(c);
    if (columns_.has(column)) row.values[c] = read_value(column, fields[field++]);
  }
  const double high = row.values[static_cast<std::size_t>(Column::high)];
  const double low = row.values[static_cast<std::size_t>(Column::low)];
  if (high < low) refuse("high " + std::to_string(high) + " is below low " + std::to_string(low));
  return row;
}

namespace {

struct Rows {
  std::vector<CsvRow> rows;
  ColumnSet columns;
};

Rows read_rows(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  CsvRowReader reader(file.string());
  Rows result;
  for_each_line(text, [&](std::string_view line) {
    if (!reader.has_header()) {
      reader.read_header(line);
      return;
    }
    CsvRow row = reader.read(line);
    if (!result.rows.empty()) {
      const CsvRow& last = result.rows.back();
      if (row.timestamp_ms < last.timestamp_ms) {
        reader.refuse(format_timestamp(row.timestamp_ms) + " follows " + format_timestamp(last.timestamp_ms) +
                      "; timestamps must rise");
      }
      if (row.timestamp_ms == last.timestamp_ms && row.symbol <= last.symbol) {
        reader.refuse("symbol " + row.symbol + " follows " + last.symbol +
                      " at the same time; symbols must rise and be unique");
      }
    }
    result.rows.push_back(std::move(row));
  });
  if (!reader.has_header()) throw InputError(file.string() + ": is empty; a header line is right");
  if (result.rows.empty()) throw InputError(file.string() + ": has a header but no rows");
  result.columns = reader.columns();
  return result;
}

}  // namespace

Panel read_csv_panel(const std::filesystem::path& file) {
  const Rows read = read_rows(file);
  std::set<std::string> symbols;
  for (const CsvRow& row : read.rows) symbols.insert(row.symbol);
  Panel panel;
  panel.symbols.assign(symbols.begin(), symbols.end());
  for (const CsvRow& row : read.rows) {
    if (panel.timestamps_ms.empty() || panel.timestamps_ms.back() != row.timestamp_ms) {
      panel.timestamps_ms.push_back(row.timestamp_ms);
      for (std::size_t c = 0; c < column_count; ++c) {
        if (read.columns.has(static_cast<Column>(c))) {
          panel.columns[c].resize(panel.columns[c].size() + symbols.size(), missing);
        }
      }
    }
    const auto found = std::lower_bound(panel.symbols.begin(), panel.symbols.end(), row.symbol);
    const auto symbol = static_cast<std::size_t>(found - panel.symbols.begin());
    for (std::size_t c = 0; c < column_count; ++c) {
      const auto column = static_cast<Column>(c);
      if (read.columns.has(column)) panel.at(column, panel.bars() - 1, symbol) = row.values[c];
    }
  }
  return panel;
}

void write_csv_panel(const Panel& panel, const std::filesystem::path& file) {
  std::string text = "timestamp,symbol";
  for (std::size_t c = 0; c < column_count; ++c) {
    if (panel.has(static_cast<Column>(c))) text += std::string(",") + column_names[c];
  }
  text += '\n';
  for (const std::string& symbol : panel.symbols) {
    if (!is_symbol(symbol)) {
      throw InputError("symbol '" + symbol +
                       "' cannot stand in a CSV file; 1 to 128 characters without spaces, "
                       "commas and quotes are right");
    }
  }
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    const std::string timestamp = format_timestamp(panel.timestamps_ms[bar]);
    for (std::size_t symbol = 0; symbol < panel.symbol_count(); ++symbol) {
      text += timestamp + "," + panel.symbols[symbol];
      for (std::size_t c = 0; c < column_count; ++c) {
        if (!panel.has(static_cast<Column>(c))) continue;
        text += ',';
        append_real(text, panel.at(static_cast<Column>(c), bar, symbol));
      }
      text += '\n';
    }
  }
  write_file_atomically(file, text);
}

}  // namespace regent::market
