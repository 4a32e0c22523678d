// CSV and CSV.gz by Arrow's streaming reader. Every cell is read as text and understood here, so that a
// message can name the line, the column and the text that stands there.

#include <arrow/array/array_binary.h>
#include <arrow/csv/api.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "market/io/arrow_check.hpp"
#include "market/io/cell_text.hpp"
#include "market/io/panel_file.hpp"
#include "market/io/raw_rows.hpp"

namespace regent::market {

namespace {

constexpr std::int64_t block_bytes = 8 << 20;  // also the longest line
constexpr std::int64_t header_bytes_max = block_bytes;
constexpr std::size_t columns_max = 100'000;
constexpr std::size_t blank_lines_max = 100'000;

bool is_gzip(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return in.get() == 0x1F && in.get() == 0x8B;
}

std::shared_ptr<arrow::io::InputStream> open_text(const std::string& file) {
  std::shared_ptr<arrow::io::InputStream> stream =
      require_readable(arrow::io::ReadableFile::Open(file), file);
  if (!is_gzip(file)) return stream;
  // the stream keeps no reference to its codec, so the codec lives as long as the program
  static const std::shared_ptr<arrow::util::Codec> codec =
      require_readable(arrow::util::Codec::Create(arrow::Compression::GZIP), file);
  return require_readable(arrow::io::CompressedInputStream::Make(codec.get(), stream), file);
}

std::string first_line(const std::string& file) {
  const auto stream = open_text(file);
  std::string line;
  while (static_cast<std::int64_t>(line.size()) < header_bytes_max) {
    const auto chunk = require_readable(stream->Read(1 << 16), file);
    if (chunk->size() == 0) break;
    line.append(reinterpret_cast<const char*>(chunk->data()), static_cast<std::size_t>(chunk->size()));
    if (line.find('\n') != std::string::npos) break;
  }
  if (line.empty()) throw InputError(file + ": the file is empty; expected a header line and bars");
  const auto end = line.find('\n');
  if (end != std::string::npos) line.resize(end);
  if (static_cast<std::int64_t>(line.size()) >= header_bytes_max) {
    throw InputError(file + ", line 1: no end of line within " + std::to_string(header_bytes_max >> 20) +
                     " MiB; this is no CSV file");
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // UTF-8's byte order mark
  const auto strange = [](unsigned char c) { return c < 0x20 && c != '\t'; };
  if (std::ranges::any_of(line, strange)) {
    throw InputError(file + ", line 1: bytes that are no text; expected CSV, CSV.gz or Parquet");
  }
  return line;
}

char delimiter_of(const std::string& header) {
  for (const char delimiter : {',', '\t', ';', '|'}) {
    if (header.find(delimiter) != std::string::npos) return delimiter;
  }
  return ',';
}

std::vector<std::string> split_header(const std::string& line, char delimiter, const std::string& file) {
  std::vector<std::string> names{""};
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        names.back() += line[i++];
      } else {
        quoted = !quoted;
      }
    } else if (line[i] == delimiter && !quoted) {
      names.emplace_back();
    } else {
      names.back() += line[i];
    }
  }
  if (quoted) throw InputError(file + ", line 1: a quote is opened and never closed");
  if (names.size() > columns_max) {
    throw InputError(file + ": " + std::to_string(names.size()) + " columns; at most " +
                     std::to_string(columns_max) + " are read");
  }
  for (auto& name : names) name = std::string(trimmed(name));
  return names;
}

// The first row of the wrong length stops the reading.
struct RowWatch {
  std::string complaint;

  arrow::csv::InvalidRowResult operator()(const arrow::csv::InvalidRow& row) {
    complaint = "line " + std::to_string(row.number) + ": " + std::to_string(row.actual_columns) +
                " cells, the header has " + std::to_string(row.expected_columns) + ": " +
                std::string(row.text.substr(0, 80));
    return arrow::csv::InvalidRowResult::Error;
  }
};

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

std::shared_ptr<arrow::csv::StreamingReader> open_reader(const RawRows& raw,
                                                         const std::vector<std::string>& names,
                                                         char delimiter, RowWatch& watch) {
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = false;  // then rows have numbers
  read.block_size = static_cast<std::int32_t>(block_bytes);
  read.skip_rows = 1;
  read.column_names = names;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.delimiter = delimiter;
  parse.ignore_empty_lines = false;
  parse.invalid_row_handler = [&watch](const arrow::csv::InvalidRow& row) { return watch(row); };
  auto convert = arrow::csv::ConvertOptions::Defaults();
  for (const std::size_t column : raw.layout.columns_read()) {
    convert.include_columns.push_back(names[column]);
    convert.column_types[names[column]] = arrow::binary();
  }
  auto made = arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), open_text(raw.file), read,
                                                parse, convert);
  if (!watch.complaint.empty()) throw InputError(raw.file + ", " + watch.complaint);
  const auto& said = made.status().message();
  if (said.find("Empty CSV") != std::string::npos || said.find("Could not skip") != std::string::npos) {
    throw InputError(raw.file + ": a header and no bars");
  }
  return require_readable(std::move(made), raw.file);
}

}  // namespace

RawRows read_csv(const std::string& file, bool adjusted) {
  const auto header = first_line(file);
  const char delimiter = delimiter_of(header);
  const auto names = split_header(header, delimiter, file);
  RawRows raw;
  raw.file = file;
  raw.layout = find_layout(names, file, adjusted);
  raw.values.resize(raw.layout.values.size());
  RowWatch watch;
  const auto reader = open_reader(raw, names, delimiter, watch);
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    const auto status = reader->ReadNext(&batch);
    if (!watch.complaint.empty()) throw InputError(file + ", " + watch.complaint);
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
