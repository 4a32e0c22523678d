#include "market/io/csv_text.hpp"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>

#include <algorithm>
#include <fstream>

#include "market/io/arrow_check.hpp"
#include "market/io/cell_text.hpp"

namespace regent::market {

namespace {

constexpr std::int64_t block_bytes = 8 << 20;  // also the longest line
constexpr std::int64_t header_bytes_max = block_bytes;
constexpr std::size_t columns_max = 100'000;

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
  if (line.empty()) throw InputError(file + ": the file is empty; expected a header line and rows");
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
  if (!is_utf8(line)) throw InputError(file + ", line 1: text that is no UTF-8; save the file as UTF-8");
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

}  // namespace

CsvHeader read_csv_header(const std::string& file) {
  const auto line = first_line(file);
  CsvHeader header;
  header.delimiter = delimiter_of(line);
  header.names = split_header(line, header.delimiter, file);
  return header;
}

std::vector<bool> empty_csv_lines(const std::string& file, std::size_t skipped) {
  const auto stream = open_text(file);
  std::vector<bool> lines;
  std::size_t line = 0;
  bool empty = true;
  for (;;) {
    const auto chunk = require_readable(stream->Read(1 << 16), file);
    if (chunk->size() == 0) return lines;
    for (const char c : std::string_view(*chunk)) {
      if (c == '\n') {
        if (line++ >= skipped) lines.push_back(empty);
        empty = true;
      } else if (c != '\r') {
        empty = false;
      }
    }
  }
}

arrow::csv::InvalidRowResult RowWatch::operator()(const arrow::csv::InvalidRow& row) {
  complaint = "line " + std::to_string(row.number) + ": " + std::to_string(row.actual_columns) +
              " cells, the header has " + std::to_string(row.expected_columns) + ": " +
              std::string(row.text.substr(0, 80));
  return arrow::csv::InvalidRowResult::Error;
}

void RowWatch::throw_if_wrong(const std::string& file) const {
  if (!complaint.empty()) throw InputError(file + ", " + complaint);
}

std::shared_ptr<arrow::csv::StreamingReader> open_csv_rows(const std::string& file, const CsvHeader& header,
                                                           const std::vector<std::string>& columns,
                                                           RowWatch& watch) {
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = false;
  read.block_size = static_cast<std::int32_t>(block_bytes);
  read.skip_rows = header.is_row ? 0 : 1;
  read.column_names = header.names;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.delimiter = header.delimiter;
  parse.ignore_empty_lines = false;
  parse.invalid_row_handler = [&watch](const arrow::csv::InvalidRow& row) { return watch(row); };
  auto convert = arrow::csv::ConvertOptions::Defaults();
  for (const std::string& column : columns) {
    convert.include_columns.push_back(column);
    convert.column_types[column] = arrow::binary();
  }
  auto made = arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), open_text(file), read, parse,
                                                convert);
  watch.throw_if_wrong(file);
  const auto& said = made.status().message();
  if (said.find("Empty CSV") != std::string::npos || said.find("Could not skip") != std::string::npos) {
    return nullptr;
  }
  return require_readable(std::move(made), file);
}

}  // namespace regent::market
