// Panels as Parquet.

#include <arrow/api.h>

#include "market/io/arrow_check.hpp"
#include "market/io/panel_file.hpp"
#include "market/io/parquet_out.hpp"

namespace regent::market {

namespace {

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
  write_parquet(*arrow::Table::Make(arrow::schema(fields), arrays), file);
}

}  // namespace regent::market
