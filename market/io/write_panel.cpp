// Parquet files of our own.

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>

#include "base/atomic_file.hpp"
#include "market/io/arrow_check.hpp"
#include "market/io/panel_file.hpp"

namespace regent::market {

namespace {

constexpr std::int64_t row_group_rows = 1 << 20;

std::shared_ptr<arrow::DataType> time_type() {
  return arrow::timestamp(arrow::TimeUnit::MILLI, "UTC");
}

void write_table(const arrow::Table& table, const std::filesystem::path& file) {
  const auto name = file.string();
  const auto sink = require_written(arrow::io::BufferOutputStream::Create(), name);
  const auto properties =
      parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->build();
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  try {
    require_written(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, row_group_rows,
                                               properties, arrow_properties),
                    name);
  } catch (const parquet::ParquetException& exception) {
    throw Error(name + ": " + exception.what());
  }
  const auto buffer = require_written(sink->Finish(), name);
  write_file_atomically(
      file, {reinterpret_cast<const char*>(buffer->data()), static_cast<std::size_t>(buffer->size())});
}

template <class Builder>
std::shared_ptr<arrow::Array> finish(Builder& builder, const std::string& name) {
  std::shared_ptr<arrow::Array> array;
  require_written(builder.Finish(&array), name);
  return array;
}

bool has_any_value(const Panel& panel, std::size_t cell) {
  for (const auto& column : panel.columns) {
    if (!column.empty() && column[cell] == column[cell]) return true;
  }
  return false;
}

// Positions in the panel's columns of the rows that the file gets.
std::vector<std::size_t> rows_of(const Panel& panel) {
  std::vector<std::size_t> cells;
  for (std::size_t cell = 0; cell < panel.bars() * panel.symbol_count(); ++cell) {
    if (has_any_value(panel, cell)) cells.push_back(cell);
  }
  return cells;
}

std::shared_ptr<arrow::Array> column_array(const std::vector<double>& column,
                                           const std::vector<std::size_t>& cells, const std::string& name) {
  arrow::DoubleBuilder builder;
  require_written(builder.Reserve(static_cast<std::int64_t>(cells.size())), name);
  for (const std::size_t cell : cells) {
    const double value = column[cell];
    value == value ? builder.UnsafeAppend(value) : builder.UnsafeAppendNull();
  }
  return finish(builder, name);
}

std::shared_ptr<arrow::Array> series_array(const SeriesColumn& column, const std::string& name) {
  if (!column.texts.empty()) {
    arrow::StringBuilder builder;
    require_written(builder.AppendValues(column.texts), name);
    return finish(builder, name);
  }
  if (!column.integers.empty() && column.is_timestamp) {
    arrow::TimestampBuilder builder(time_type(), arrow::default_memory_pool());
    require_written(builder.AppendValues(column.integers), name);
    return finish(builder, name);
  }
  if (!column.integers.empty()) {
    arrow::Int64Builder builder;
    require_written(builder.AppendValues(column.integers), name);
    return finish(builder, name);
  }
  arrow::DoubleBuilder builder;
  require_written(builder.AppendValues(column.reals), name);
  return finish(builder, name);
}

}  // namespace

void write_panel(const Panel& panel, const std::filesystem::path& file) {
  const auto name = file.string();
  const auto cells = rows_of(panel);
  arrow::TimestampBuilder times(time_type(), arrow::default_memory_pool());
  arrow::StringBuilder symbols;
  for (const std::size_t cell : cells) {
    require_written(times.Append(panel.timestamps_ms[cell / panel.symbol_count()]), name);
    require_written(symbols.Append(panel.symbols[cell % panel.symbol_count()]), name);
  }
  arrow::FieldVector fields{arrow::field("timestamp", time_type(), false),
                            arrow::field("symbol", arrow::utf8(), false)};
  arrow::ArrayVector arrays{finish(times, name), finish(symbols, name)};
  for (std::size_t c = 0; c < column_count; ++c) {
    if (panel.columns[c].empty()) continue;
    fields.push_back(arrow::field(column_names[c], arrow::float64()));
    arrays.push_back(column_array(panel.columns[c], cells, name));
  }
  write_table(*arrow::Table::Make(arrow::schema(fields), arrays), file);
}

void write_series(const std::vector<SeriesColumn>& columns, const std::filesystem::path& file) {
  const auto name = file.string();
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& column : columns) {
    const int filled =
        (column.reals.empty() ? 0 : 1) + (column.integers.empty() ? 0 : 1) + (column.texts.empty() ? 0 : 1);
    REGENT_INVARIANT(filled <= 1, "column " + column.name + " of " + name + " holds more than one type");
    arrays.push_back(series_array(column, name));
    REGENT_INVARIANT(
        arrays.back()->length() == arrays.front()->length(),
        "column " + column.name + " of " + name + " has another length than " + columns.front().name);
    fields.push_back(arrow::field(column.name, arrays.back()->type()));
  }
  write_table(*arrow::Table::Make(arrow::schema(fields), arrays), file);
}

}  // namespace regent::market
