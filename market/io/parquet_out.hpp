#pragma once
// Parquet files of our own, written in pieces: only the piece at hand is in memory.

#include <arrow/api.h>

#include <filesystem>
#include <memory>
#include <string>

#include "market/io/arrow_check.hpp"

namespace regent::market {

std::shared_ptr<arrow::DataType> time_type();  // UTC milliseconds

template <class Builder>
std::shared_ptr<arrow::Array> finish(Builder& builder, const std::string& name) {
  std::shared_ptr<arrow::Array> array;
  require_written(builder.Finish(&array), name);
  return array;
}

// zstd, a checksum for each page, under a temporary name until finish(), as AtomicWriter. Throws Error naming
// the file.
class ParquetOut {
 public:
  ParquetOut(const arrow::Schema& schema, const std::filesystem::path& file);
  ~ParquetOut();
  ParquetOut(const ParquetOut&) = delete;
  ParquetOut& operator=(const ParquetOut&) = delete;
  // Rows of the schema: a row group for each 1,048,576, and one for the rest.
  void write(const arrow::Table& rows);
  void finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A whole file of one table.
void write_parquet(const arrow::Table& table, const std::filesystem::path& file);

}  // namespace regent::market
