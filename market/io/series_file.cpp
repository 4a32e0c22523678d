#include "market/io/series_file.hpp"

#include <arrow/api.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/atomic_file.hpp"
#include "base/nan_value.hpp"
#include "market/io/arrow_cells.hpp"
#include "market/io/arrow_check.hpp"
#include "market/io/cell_text.hpp"
#include "market/io/csv_out.hpp"
#include "market/io/csv_text.hpp"
#include "market/io/layout.hpp"
#include "market/io/raw_rows.hpp"

namespace regent::market {

namespace {

void check_unique(const SeriesTable& table) {
  std::set<std::string> names;
  for (const auto& column : table.columns) {
    if (names.insert(column.name).second) continue;
    throw InputError(table.file + ": column \"" + column.name +
                     "\" appears twice in the header; every column must be named once");
  }
}

std::optional<double> any_number(std::string_view text) {
  const auto cell = trimmed(text);
  std::string lower(cell);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "-inf" || lower == "-infinity") return -INFINITY;
  return number_from_text(cell);
}

// Numbers, and not the 0, 1, 2, … that data frames without names write, perhaps after their unnamed index.
bool is_row_of_numbers(const std::vector<std::string>& names) {
  const std::size_t index = names.front().empty() ? 1 : 0;
  bool counts = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!any_number(names[i]) && !(names.size() > 1 && is_missing_text(names[i]))) return false;
    counts = counts && (i < index || names[i] == std::to_string(i - index));
  }
  return !counts;
}

void append_text(const SeriesTable& table, SeriesColumn& column, std::string_view cell) {
  if (!is_utf8(cell)) {
    throw InputError(table.file + ", " + table.row_name(column.texts.size()) + ", column " + column.name +
                     ": text that is no UTF-8; save the file as UTF-8");
  }
  column.texts.emplace_back(cell);
}

void append_batch(const arrow::RecordBatch& batch, SeriesTable& table) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const auto& cells = static_cast<const arrow::BinaryArray&>(*batch.column(static_cast<int>(c)));
    for (std::int64_t i = 0; i < cells.length(); ++i) append_text(table, table.columns[c], cells.GetView(i));
  }
}

// Without a time or symbol a row of empty cells may be a missing bar; only an empty line is none.
std::vector<bool> may_be_skipped(const SeriesTable& table) {
  if (table.time_column() != nullptr || table.symbol_column() != nullptr) return {};
  return table.columns.size() == 1 ? std::vector<bool>(table.rows, false)
                                   : empty_csv_lines(table.file, table.has_header ? 1 : 0);
}

void skip_blank_lines(SeriesTable& table) {
  std::vector<bool> without_text(table.rows);
  for (std::size_t row = 0; row < table.rows; ++row) {
    without_text[row] = std::ranges::all_of(
        table.columns, [&](const SeriesColumn& column) { return trimmed(column.texts[row]).empty(); });
  }
  if (std::ranges::find(without_text, true) == without_text.end()) return;
  const std::vector<bool> skippable = may_be_skipped(table);
  std::vector<std::size_t> kept;
  for (std::size_t row = 0; row < table.rows; ++row) {
    const bool blank = without_text[row] && (skippable.empty() || (row < skippable.size() && skippable[row]));
    (blank ? table.skipped_rows : kept).push_back(row);
  }
  if (table.skipped_rows.empty()) return;
  for (auto& column : table.columns) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (kept[i] != i) column.texts[i] = std::move(column.texts[kept[i]]);  // a move onto itself empties
    }
    column.texts.resize(kept.size());
  }
  table.rows = kept.size();
}

SeriesTable read_csv_series(const std::string& file, bool may_lack_header) {
  CsvHeader header = read_csv_header(file);
  SeriesTable table;
  table.file = file;
  if (may_lack_header && is_row_of_numbers(header.names)) {
    header.is_row = true;
    table.has_header = false;
    for (std::size_t i = 0; i < header.names.size(); ++i) header.names[i] = "column_" + std::to_string(i);
  }
  for (const auto& name : header.names) table.columns.push_back({.name = name});
  check_unique(table);
  RowWatch watch;
  const auto reader = open_csv_rows(file, header, header.names, watch);
  while (reader) {
    std::shared_ptr<arrow::RecordBatch> batch;
    const auto status = reader->ReadNext(&batch);
    watch.throw_if_wrong(file);
    table.rows = table.columns.front().texts.size();
    if (!status.ok())
      throw InputError(file + ", after " + table.row_name(table.rows) + ": " + status.message());
    if (!batch) break;
    append_batch(*batch, table);
  }
  skip_blank_lines(table);
  if (table.rows == 0) throw InputError(file + ": a header and no rows");
  return table;
}

void append_times(const arrow::Array& cells, SeriesColumn& column) {
  for (std::int64_t i = 0; i < cells.length(); ++i) {
    const auto time = cells.IsNull(i) ? std::nullopt : time_at(cells, i);
    if (!time) {
      throw InputError("column \"" + column.name + "\", row " + std::to_string(column.integers.size() + 1) +
                       ": no time");
    }
    column.integers.push_back(*time);
  }
}

void append_numbers(const arrow::Array& cells, NumberReader read, SeriesColumn& column) {
  for (std::int64_t i = 0; i < cells.length(); ++i) {
    column.reals.push_back(cells.IsNull(i) ? nan_value : read(cells, i));
  }
}

void append_cells(const arrow::Array& cells, const SeriesTable& table, SeriesColumn& column) {
  const auto type = cells.type_id();
  const bool is_time =
      type == arrow::Type::TIMESTAMP || type == arrow::Type::DATE32 || type == arrow::Type::DATE64;
  if (is_time) {
    column.is_timestamp = true;
    append_times(cells, column);
  } else if (holds_text(cells)) {
    for (std::int64_t i = 0; i < cells.length(); ++i) {
      append_text(table, column, cells.IsNull(i) ? "" : text_at(cells, i).value_or(""));
    }
  } else if (type == arrow::Type::BOOL) {
    const auto& flags = static_cast<const arrow::BooleanArray&>(cells);
    for (std::int64_t i = 0; i < cells.length(); ++i) {
      column.reals.push_back(cells.IsNull(i) ? nan_value : flags.Value(i));
    }
  } else if (const auto read = number_reader(cells); read != nullptr) {
    append_numbers(cells, read, column);
  } else {
    throw InputError("column \"" + column.name + "\" has the type " + cells.type()->ToString() +
                     "; expected numbers, text or times");
  }
}

std::unique_ptr<parquet::arrow::FileReader> parquet_reader(const std::string& file) {
  parquet::ReaderProperties properties = parquet::default_reader_properties();
  properties.set_page_checksum_verification(true);  // of pages that have one
  parquet::arrow::FileReaderBuilder builder;
  require_readable(builder.OpenFile(file, false, properties), file);
  return require_readable(builder.Build(), file);
}

std::vector<std::string> names_in(parquet::arrow::FileReader& reader, const std::string& file) {
  std::shared_ptr<arrow::Schema> schema;
  require_readable(reader.GetSchema(&schema), file);
  return column_names_of(*schema, file);
}

SeriesTable read_parquet_table(const std::string& file) {
  const auto reader = parquet_reader(file);
  SeriesTable table;
  table.file = file;
  table.is_text = false;
  for (const auto& name : names_in(*reader, file)) table.columns.push_back({.name = name});
  check_unique(table);
  for (int group = 0; group < reader->num_row_groups(); ++group) {
    const std::shared_ptr<arrow::Table> part = require_readable(reader->ReadRowGroup(group), file);
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      for (const auto& chunk : part->column(static_cast<int>(c))->chunks())
        append_cells(*chunk, table, table.columns[c]);
    }
    table.rows += static_cast<std::size_t>(part->num_rows());
  }
  if (table.rows == 0 || table.columns.empty()) throw InputError(file + ": a table without rows");
  return table;
}

SeriesShape read_parquet_through(const std::string& file) {
  const auto reader = parquet_reader(file);
  SeriesShape shape{names_in(*reader, file), 0};
  for (int group = 0; group < reader->num_row_groups(); ++group)
    shape.rows += require_readable(reader->ReadRowGroup(group), file)->num_rows();
  return shape;
}

// Parquet throws where Arrow returns a status, and not every complaint names the file.
template <class Read>
auto guarded_read(const std::string& file, const Read& read) {
  try {
    return read(file);
  } catch (const parquet::ParquetException& exception) {
    throw InputError(file + ": " + exception.what());
  } catch (const InputError& error) {
    const std::string what = error.what();
    throw InputError(what.starts_with(file) ? what : file + ": " + what);
  }
}

std::string number_text(double value) {
  if (std::isnan(value)) return "";
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return {text, end};
}

// 000001 is a name (of a share in Shenzhen, say), and as the number 1 it would be lost.
bool has_leading_zero(std::string_view text) {
  const auto cell = trimmed(text);
  return cell.size() > 1 && cell[0] == '0' && cell[1] >= '0' && cell[1] <= '9';
}

// Texts from CSV as what they say.
SeriesColumn typed(const SeriesColumn& column) {
  if (column.texts.empty() || is_symbol_name(column.name)) return column;
  SeriesColumn typed{.name = column.name};
  if (is_time_name(column.name)) {
    if (auto times = times_of(column)) {
      typed.integers = std::move(*times);
      typed.is_timestamp = true;
      return typed;
    }
  }
  for (const auto& text : column.texts) {
    const auto number = any_number(text);
    if ((!number && !is_missing_text(text)) || has_leading_zero(text)) return column;
    typed.reals.push_back(number.value_or(nan_value));
  }
  const bool any = std::ranges::any_of(typed.reals, [](double value) { return !std::isnan(value); });
  return any ? typed : column;
}

}  // namespace

std::string SeriesTable::row_name(std::size_t row) const {
  std::size_t number = row;
  for (const std::size_t skipped : skipped_rows) {
    if (skipped > number) break;
    ++number;
  }
  if (!is_text) return "row " + std::to_string(number + 1);
  return "line " + std::to_string(number + (has_header ? 2 : 1));
}

const SeriesColumn* SeriesTable::find(const std::string& name) const {
  const auto found = std::ranges::find(columns, name, &SeriesColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

const SeriesColumn* SeriesTable::time_column() const {
  const auto found =
      std::ranges::find_if(columns, [](const SeriesColumn& column) { return is_time_name(column.name); });
  return found == columns.end() ? nullptr : &*found;
}

const SeriesColumn* SeriesTable::symbol_column() const {
  const auto found =
      std::ranges::find_if(columns, [](const SeriesColumn& column) { return is_symbol_name(column.name); });
  return found == columns.end() ? nullptr : &*found;
}

SeriesTable read_series(const std::string& file, bool may_lack_header) {
  SeriesTable table =
      is_parquet_file(file) ? guarded_read(file, read_parquet_table) : read_csv_series(file, may_lack_header);
  for (auto& column : table.columns) {
    if (!is_symbol_name(column.name)) continue;
    for (auto& text : column.texts) text = std::string(trimmed(text));
  }
  return table;
}

SeriesShape read_through(const std::string& file) {
  return guarded_read(file, read_parquet_through);
}

std::vector<double> numbers_of(const SeriesTable& table, const SeriesColumn& column, bool minus_infinity) {
  const auto refuse = [&](std::size_t row, const std::string& value) {
    throw InputError(table.file + ", " + table.row_name(row) + ", column " + column.name + ": \"" +
                     value.substr(0, 80) + "\" is no finite number" +
                     (minus_infinity ? " and not -inf" : "") + "; a missing value is an empty cell or nan");
  };
  std::vector<double> numbers = column.reals;
  for (const std::int64_t integer : column.integers) numbers.push_back(static_cast<double>(integer));
  for (std::size_t row = 0; row < column.texts.size(); ++row) {
    const auto number = any_number(column.texts[row]);
    if (!number && !is_missing_text(column.texts[row])) refuse(row, std::string(trimmed(column.texts[row])));
    numbers.push_back(number.value_or(nan_value));
  }
  for (std::size_t row = 0; row < numbers.size(); ++row) {
    if (std::isinf(numbers[row]) && !(minus_infinity && numbers[row] < 0)) {
      refuse(row, column.texts.empty() ? number_text(numbers[row]) : column.texts[row]);
    }
  }
  return numbers;
}

std::optional<TimestampMs> time_of_cell(const SeriesColumn& column, std::size_t row) {
  return column.is_timestamp ? column.integers[row] : timestamp_from_text(cell_text_of(column, row));
}

std::optional<std::vector<TimestampMs>> times_of(const SeriesColumn& column) {
  if (column.is_timestamp) return column.integers;
  std::vector<TimestampMs> times;
  for (std::size_t row = 0; row < rows_of(column); ++row) {
    const auto time = time_of_cell(column, row);
    if (!time) return std::nullopt;
    times.push_back(*time);
  }
  return times;
}

std::string cell_text_of(const SeriesColumn& column, std::size_t row) {
  if (!column.texts.empty()) return column.texts[row];
  if (!column.integers.empty()) {
    return column.is_timestamp ? format_timestamp(column.integers[row])
                               : std::to_string(column.integers[row]);
  }
  const double value = column.reals[row];
  const bool whole = std::abs(value) < 9e15 && value == std::trunc(value);
  return whole ? std::to_string(static_cast<std::int64_t>(value)) : number_text(value);
}

void write_series_file(const std::vector<SeriesColumn>& columns, const std::filesystem::path& file) {
  if (file.extension() == ".csv") {
    write_file_atomically(file, csv_header(columns) + csv_rows(columns));
  } else if (file.extension() == ".parquet") {
    std::vector<SeriesColumn> ready;
    for (const auto& column : columns) ready.push_back(typed(column));
    write_series(ready, file);
  } else {
    throw InputError(file.string() + ": the name must end in .csv or .parquet");
  }
}

}  // namespace regent::market
