#include "engine/ledger/reader.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "engine/ledger/schema.hpp"

namespace regent::engine {

namespace {

std::filesystem::path existing(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    throw InputError(path.string() + ": there is no such ledger");
  return path;
}

Sha256Digest digest(std::string_view blob, std::uint64_t sequence, const char* column) {
  Sha256Digest digest{};
  if (blob.size() != digest.size()) {
    throw InputError("row " + std::to_string(sequence) + ": " + column + " has " +
                     std::to_string(blob.size()) + " bytes instead of 32");
  }
  std::copy(blob.begin(), blob.end(), digest.begin());
  return digest;
}

LedgerRow row_from(const Statement& statement) {
  LedgerRow row;
  row.sequence = static_cast<std::uint64_t>(statement.integer(0));
  row.kind = statement.text(1);
  row.stream_ms = statement.integer(2);
  row.payload = statement.text(3);
  row.previous_hash = digest(statement.blob(4), row.sequence, "previous_hash");
  row.hash = digest(statement.blob(5), row.sequence, "hash");
  return row;
}

}  // namespace

LedgerReader::LedgerReader(const std::filesystem::path& path)
    : path_(existing(path)), database_(path, Database::Mode::read_only) {
  if (database_.integer("PRAGMA application_id") != ledger_application_id) {
    throw InputError(path.string() + ": is a database, but not a ledger");
  }
  const std::int64_t format = database_.integer("PRAGMA user_version");
  if (format != ledger_format) {
    throw InputError(path.string() + ": has ledger format " + std::to_string(format) +
                     "; this program reads " + std::to_string(ledger_format));
  }
}

void LedgerReader::for_each(const std::function<bool(const LedgerRow&)>& visit, const RowFilter& filter) {
  Statement statement(database_.handle(),
                      "SELECT sequence, kind, stream_ms, payload, previous_hash, hash FROM event "
                      "WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR stream_ms >= ?2) "
                      "AND (?3 IS NULL OR stream_ms <= ?3) ORDER BY sequence LIMIT coalesce(?4, -1)");
  if (filter.kind) statement.bind(1, *filter.kind);
  if (filter.from_ms) statement.bind(2, *filter.from_ms);
  if (filter.to_ms) statement.bind(3, *filter.to_ms);
  if (filter.limit) statement.bind(4, static_cast<std::int64_t>(*filter.limit));
  while (statement.step()) {
    if (!visit(row_from(statement))) return;
  }
}

std::uint64_t LedgerReader::rows() {
  return static_cast<std::uint64_t>(database_.integer("SELECT count(*) FROM event"));
}

}  // namespace regent::engine
