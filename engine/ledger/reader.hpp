#pragma once
// Reads a ledger without changing it, while its engine runs or after.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "engine/ledger/database.hpp"
#include "engine/ledger/row.hpp"

namespace regent::engine {

struct RowFilter {
  std::optional<std::string> kind;
  std::optional<TimestampMs> from_ms, to_ms;  // stream time, both inclusive
  std::optional<std::uint64_t> limit;         // rows
};

class LedgerReader {
 public:
  // Throws InputError when the file is absent or not a ledger of this format.
  explicit LedgerReader(const std::filesystem::path& path);

  // Rows in order; `visit` returns false to stop. Hashes are as stored, unchecked. Throws InputError naming
  // the row when a stored value has a wrong type or length.
  void for_each(const std::function<bool(const LedgerRow&)>& visit, const RowFilter& filter = {});
  std::uint64_t rows();
  Database& database() { return database_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Database database_;
};

}  // namespace regent::engine
