#pragma once
// A table of named columns that is written while it is made: only the chunk at hand is in memory.

#include <filesystem>
#include <memory>
#include <vector>

#include "market/io/panel_file.hpp"

namespace regent::market {

class SeriesWriter {
 public:
  // *.csv or *.parquet; throws InputError for another name.
  explicit SeriesWriter(const std::filesystem::path& file);
  ~SeriesWriter();
  SeriesWriter(SeriesWriter&&) noexcept;
  SeriesWriter& operator=(SeriesWriter&&) noexcept;
  // The next rows, one or more, a row group in Parquet. Every chunk has the names and types of the first;
  // texts stay texts. Throws Error naming the file when it cannot be written.
  void add(const std::vector<SeriesColumn>& rows);
  // Gives the file its name; until then it has a temporary one, and without it nothing stays. At least one
  // chunk must have been added.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::market
