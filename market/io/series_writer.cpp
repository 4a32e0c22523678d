#include "market/io/series_writer.hpp"

#include <optional>

#include "base/atomic_writer.hpp"
#include "market/io/csv_out.hpp"
#include "market/io/parquet_out.hpp"

namespace regent::market {
namespace {

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

std::shared_ptr<arrow::Table> series_table(const std::vector<SeriesColumn>& columns,
                                           const std::string& name) {
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
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

}  // namespace

struct SeriesWriter::State {
  std::filesystem::path file;
  std::optional<AtomicWriter> csv;
  std::optional<ParquetOut> parquet;
};

SeriesWriter::SeriesWriter(const std::filesystem::path& file) : state_(std::make_unique<State>()) {
  if (file.extension() != ".csv" && file.extension() != ".parquet")
    throw InputError(file.string() + ": the name must end in .csv or .parquet");
  state_->file = file;
}

SeriesWriter::~SeriesWriter() = default;
SeriesWriter::SeriesWriter(SeriesWriter&&) noexcept = default;
SeriesWriter& SeriesWriter::operator=(SeriesWriter&&) noexcept = default;

void SeriesWriter::add(const std::vector<SeriesColumn>& rows) {
  if (state_->file.extension() == ".csv") {
    if (!state_->csv) {
      state_->csv.emplace(state_->file);
      state_->csv->write(csv_header(rows));
    }
    state_->csv->write(csv_rows(rows));
  } else {
    const auto table = series_table(rows, state_->file.string());
    if (!state_->parquet) state_->parquet.emplace(*table->schema(), state_->file);
    state_->parquet->write(*table);
  }
}

void SeriesWriter::finish() {
  REGENT_INVARIANT(state_->csv || state_->parquet, state_->file.string() + " has no rows");
  if (state_->csv) state_->csv->finish();
  if (state_->parquet) state_->parquet->finish();
}

void write_series(const std::vector<SeriesColumn>& columns, const std::filesystem::path& file) {
  write_parquet(*series_table(columns, file.string()), file);
}

}  // namespace regent::market
