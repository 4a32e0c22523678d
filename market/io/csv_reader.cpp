// CSV and CSV.gz by Arrow's streaming reader. Every cell is read as text and understood here, so that a
// message can name the line, the column and the text that stands there.

#include <arrow/array/array_binary.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "base/error.hpp"
#include "market/io/cell_text.hpp"
#include "market/io/csv_text.hpp"
#include "market/io/panel_file.hpp"
#include "market/io/raw_rows.hpp"

namespace regent::market {

namespace {

constexpr std::size_t blank_lines_max = 100'000;

using TextColumn = arrow::BinaryArray;

// One block of lines. Blank lines (all cells empty) are no rows.
class Batch {
 public:
  Batch(const RawRows& raw, const arrow::RecordBatch& batch, const std::vector<std::string>& names)
      : batch_(batch), names_(names) {
    const auto& times = column(raw.layout.timestamp_column);
    const auto columns = raw.layout.columns_read();
    for (std::int64_t i = 0; i < batch.num_rows(); ++i) {
      const auto is_empty = [&](std::size_t c) { return trimmed(column(c).GetView(i)).empty(); };
      const bool blank = trimmed(times.GetView(i)).empty() && std::ranges::all_of(columns, is_empty);
      (blank ? blanks_ : rows_).push_back(i);
    }
  }
  const TextColumn& column(std::size_t c) const {
    return static_cast<const TextColumn&>(*batch_.GetColumnByName(names_[c]));
  }
  const std::vector<std::int64_t>& rows() const { return rows_; }  // positions in the block
  const std::vector<std::int64_t>& blanks() const { return blanks_; }

 private:
  const arrow::RecordBatch& batch_;
  const std::vector<std::string>& names_;
  std::vector<std::int64_t> rows_, blanks_;
};

void append_timestamps(RawRows& raw, const Batch& batch) {
  const auto& cells = batch.column(raw.layout.timestamp_column);
  for (const std::int64_t i : batch.rows()) {
    const auto time = timestamp_from_text(cells.GetView(i));
    if (!time) raw.keep_text(raw.rows(), raw.layout.timestamp_column, cells.GetView(i));
    raw.timestamps_ms.push_back(time.value_or(no_timestamp));
  }
}

void append_symbols(RawRows& raw, const Batch& batch) {
  const auto& cells = batch.column(*raw.layout.symbol_column);
  std::string last;
  std::uint32_t number = 0;
  bool known = false;
  for (const std::int64_t i : batch.rows()) {
    const auto name = trimmed(cells.GetView(i));
    if (!known || name != last) {
      number = raw.intern(name, raw.symbol_of_row.size());
      last = name;
      known = true;
    }
    raw.symbol_of_row.push_back(number);
  }
}

void append_numbers(RawRows& raw, const Batch& batch, std::size_t column, std::vector<double>& values) {
  const auto& cells = batch.column(column);
  for (const std::int64_t i : batch.rows()) {
    const auto cell = cells.GetView(i);
    const auto number = number_from_text(cell);
    if (!number && !trimmed(cell).empty()) raw.keep_text(values.size(), column, trimmed(cell));
    values.push_back(number.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
}

void append_batch(RawRows& raw, const Batch& batch) {
  const auto first_line = static_cast<std::int64_t>(raw.rows() + raw.blank_lines.size()) + 2;
  for (const std::int64_t i : batch.blanks()) raw.blank_lines.push_back(first_line + i);
  if (raw.blank_lines.size() > blank_lines_max) {
    throw InputError(raw.file + ": more than " + std::to_string(blank_lines_max) + " blank lines");
  }
  if (raw.layout.symbol_column) append_symbols(raw, batch);
  for (std::size_t v = 0; v < raw.layout.values.size(); ++v) {
    append_numbers(raw, batch, raw.layout.values[v].column, raw.values[v]);
  }
  if (raw.layout.adjusted_close_column) {
    append_numbers(raw, batch, *raw.layout.adjusted_close_column, raw.adjusted_close);
  }
  append_timestamps(raw, batch);
  if (static_cast<std::int64_t>(raw.rows()) > rows_max) {
    throw InputError(raw.file + ": more than " + std::to_string(rows_max) + " rows; cut the file into parts");
  }
}

}  // namespace

RawRows read_csv(const std::string& file, bool adjusted) {
  const CsvHeader header = read_csv_header(file);
  const auto& names = header.names;
  RawRows raw;
  raw.file = file;
  raw.layout = find_layout(names, file, adjusted);
  raw.values.resize(raw.layout.values.size());
  RowWatch watch;
  std::vector<std::string> columns;
  for (const std::size_t column : raw.layout.columns_read()) columns.push_back(names[column]);
  const auto reader = open_csv_rows(file, header, columns, watch);
  if (!reader) throw InputError(file + ": a header and no bars");
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    const auto status = reader->ReadNext(&batch);
    watch.throw_if_wrong(file);
    if (!status.ok()) {
      throw InputError(file + ", after " + raw.row_name(raw.rows()) + ": " + status.message());
    }
    if (!batch) break;
    append_batch(raw, Batch(raw, *batch, names));
  }
  if (raw.rows() == 0) throw InputError(file + ": a header and no bars");
  return raw;
}

}  // namespace regent::market
