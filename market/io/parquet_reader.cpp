// Parquet: our own long form, and the long and wide tables that data frames write.

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>

#include <cmath>
#include <optional>

#include "base/nan_value.hpp"
#include "market/io/arrow_cells.hpp"
#include "market/io/arrow_check.hpp"
#include "market/io/cell_text.hpp"
#include "market/io/panel_file.hpp"
#include "market/io/raw_rows.hpp"

namespace regent::market {

namespace {

[[noreturn]] void wrong_type(const RawRows& raw, std::size_t column, const arrow::Array& cells,
                             const std::string& expected) {
  std::string name;
  for (const auto& value : raw.layout.values) {
    if (value.column == column) name = value.name;
  }
  throw InputError(raw.file + ": column " + (name.empty() ? std::to_string(column + 1) : "\"" + name + "\"") +
                   " has the type " + cells.type()->ToString() + "; expected " + expected);
}

void append_numbers(RawRows& raw, std::size_t column, const arrow::Array& cells,
                    std::vector<double>& values) {
  const auto read = number_reader(cells);
  const bool text = holds_text(cells);
  if (read == nullptr && !text) wrong_type(raw, column, cells, "numbers");
  for (std::int64_t i = 0; i < cells.length(); ++i) {
    double value = nan_value;
    if (!cells.IsNull(i) && text) {
      const auto cell = text_at(cells, i).value_or("");
      value = number_from_text(cell).value_or(nan_value);
      if (value != value && !trimmed(cell).empty()) raw.keep_text(values.size(), column, trimmed(cell));
    } else if (!cells.IsNull(i)) {
      value = read(cells, i);
      if (std::isinf(value)) {
        raw.keep_text(values.size(), column, value > 0 ? "inf" : "-inf");
        value = nan_value;
      }
    }
    values.push_back(value);
  }
}

constexpr const char* time_types = "timestamps, dates, integers of unix time or text";

void append_timestamps(RawRows& raw, const arrow::Array& cells) {
  if (!holds_time(cells)) wrong_type(raw, raw.layout.timestamp_column, cells, time_types);
  for (std::int64_t i = 0; i < cells.length(); ++i) {
    const auto time = cells.IsNull(i) ? std::nullopt : time_at(cells, i);
    if (!time && holds_text(cells) && !cells.IsNull(i)) {
      raw.keep_text(raw.rows(), raw.layout.timestamp_column, text_at(cells, i).value_or(""));
    }
    raw.timestamps_ms.push_back(time.value_or(no_timestamp));
  }
}

void append_symbols(RawRows& raw, const arrow::Array& cells) {
  if (!holds_text(cells)) wrong_type(raw, *raw.layout.symbol_column, cells, "text");
  for (std::int64_t i = 0; i < cells.length(); ++i) {
    const auto name = cells.IsNull(i) ? std::nullopt : text_at(cells, i);
    raw.symbol_of_row.push_back(raw.intern(trimmed(name.value_or("")), raw.symbol_of_row.size()));
  }
}

// `position` maps a column of the file to its place among the columns that were read.
void append_chunks(RawRows& raw, const arrow::Table& table, const std::vector<std::size_t>& position) {
  const auto each = [&](std::size_t column, const auto& append) {
    for (const auto& chunk : table.column(static_cast<int>(position[column]))->chunks()) append(*chunk);
  };
  const auto& layout = raw.layout;
  if (layout.symbol_column) {
    each(*layout.symbol_column, [&](const arrow::Array& cells) { append_symbols(raw, cells); });
  }
  for (std::size_t v = 0; v < layout.values.size(); ++v) {
    const std::size_t column = layout.values[v].column;
    each(column, [&](const arrow::Array& cells) { append_numbers(raw, column, cells, raw.values[v]); });
  }
  if (layout.adjusted_close_column) {
    const std::size_t column = *layout.adjusted_close_column;
    each(column, [&](const arrow::Array& cells) { append_numbers(raw, column, cells, raw.adjusted_close); });
  }
  each(layout.timestamp_column, [&](const arrow::Array& cells) { append_timestamps(raw, cells); });
}

RawRows read_checked(const std::string& file, bool adjusted) {
  const auto input = require_readable(arrow::io::ReadableFile::Open(file), file);
  const auto reader = require_readable(parquet::arrow::OpenFile(input, arrow::default_memory_pool()), file);
  std::shared_ptr<arrow::Schema> schema;
  require_readable(reader->GetSchema(&schema), file);
  RawRows raw;
  raw.file = file;
  raw.is_text = false;
  raw.layout = find_layout(column_names_of(*schema, file), file, adjusted);
  raw.values.resize(raw.layout.values.size());
  const std::int64_t rows = reader->parquet_reader()->metadata()->num_rows();
  if (rows == 0) throw InputError(file + ": a table without rows");
  if (rows > rows_max) {
    throw InputError(file + ": " + std::to_string(rows) + " rows; at most " + std::to_string(rows_max) +
                     " are read");
  }
  const auto columns = raw.layout.columns_read();
  std::vector<std::size_t> position(static_cast<std::size_t>(schema->num_fields()), 0);
  std::vector<int> wanted;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    position[columns[i]] = i;
    wanted.push_back(static_cast<int>(columns[i]));
  }
  for (int group = 0; group < reader->num_row_groups(); ++group) {
    std::shared_ptr<arrow::Table> table;
    table = require_readable(reader->ReadRowGroup(group, wanted), file);
    append_chunks(raw, *table, position);
  }
  return raw;
}

}  // namespace

RawRows read_parquet(const std::string& file, bool adjusted) {
  try {
    return read_checked(file, adjusted);
  } catch (const parquet::ParquetException& exception) {
    throw InputError(file + ": " + exception.what());
  }
}

}  // namespace regent::market
