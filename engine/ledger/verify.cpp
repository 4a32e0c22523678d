#include "engine/ledger/verify.hpp"

#include <optional>

#include "base/error.hpp"
#include "engine/ledger/head_file.hpp"
#include "engine/ledger/reader.hpp"
#include "engine/ledger/schema.hpp"

namespace regent::engine {

namespace {

class Problem : public Error {
 public:
  using Error::Error;
};

[[noreturn]] void problem(std::uint64_t row, const std::string& reason) {
  throw Problem("row " + std::to_string(row) + ": " + reason);
}

void check_structure(Database& database) {
  const std::string result = database.text("PRAGMA integrity_check(1)");
  if (result != "ok") throw Problem("the database is damaged: " + result);
  Statement statement(database.handle(), "SELECT count(*) FROM sqlite_schema WHERE sql = ?1");
  for (const char* sql : ledger_schema) {
    statement.reset();
    statement.bind(1, std::string_view(sql));
    if (!statement.step() || statement.integer(0) != 1) {
      throw Problem(std::string("the schema was changed: this is missing: ") + sql);
    }
  }
  if (database.integer("SELECT count(*) FROM sqlite_schema") !=
      static_cast<std::int64_t>(ledger_schema.size())) {
    throw Problem("the schema was changed: it holds more than the ledger's table and its two triggers");
  }
}

struct ChainWalk {
  const std::optional<Head>& head;
  std::uint64_t rows = 0;
  Sha256Digest last = genesis_hash();

  void check(const LedgerRow& row) {
    if (row.sequence != rows + 1) {
      problem(rows + 1, "missing; the next row is " + std::to_string(row.sequence));
    }
    if (row.previous_hash != last)
      problem(row.sequence, "does not follow the row before (previous_hash differs)");
    if (row.hash != hash_of(last, row.sequence, row.kind, row.stream_ms, row.payload)) {
      problem(row.sequence, "changed after it was written (hash differs)");
    }
    if (head && head->sequence == row.sequence && head->hash != row.hash) {
      problem(row.sequence, "is not the row that the anchor names (the chain was written anew)");
    }
    rows = row.sequence;
    last = row.hash;
  }
};

// Whether nobody has written the anchor since it was read: an engine may start while a ledger is verified.
bool is_current(const Head& head, const std::filesystem::path& path) {
  const std::optional<Head> now = read_head(path);
  return now && now->generation == head.generation;
}

void check_head(const std::optional<Head>& head, const ChainWalk& walk, const std::filesystem::path& path) {
  if (!head) throw Problem("the anchor " + head_path(path).string() + " is missing");
  if (head->sequence > walk.rows) {
    problem(walk.rows + 1,
            "missing; the anchor names " + std::to_string(head->sequence) + " rows (the tail was cut off)");
  }
  if (head->sequence == 0 && head->hash != genesis_hash())
    throw Problem("the anchor does not belong to this ledger");
  if (head->clean && walk.rows > head->sequence && is_current(*head, path)) {
    problem(head->sequence + 1, "was added after the ledger was closed");
  }
}

// Bytes that belong to no row (free space within pages, the file's header) are in no row's hash. False where
// there is no seal.
bool check_seal(const Head& head, const std::filesystem::path& path) {
  if (!head.seal) return false;
  if (!has_log(path) && sha256_file(path) == *head.seal) return true;
  if (!is_current(head, path)) return false;
  throw Problem(
      "every row is intact, but bytes outside of the rows changed after the ledger was closed (its SHA-256 "
      "is not " +
      to_hex(*head.seal) + ")");
}

}  // namespace

Verification verify_ledger(const std::filesystem::path& path) {
  Verification result;
  std::optional<Head> head;
  ChainWalk walk{head};
  try {
    head = read_head(path);  // before the rows: a running engine may add some meanwhile
    {
      LedgerReader reader(path);
      check_structure(reader.database());
      reader.for_each([&](const LedgerRow& row) {
        walk.check(row);
        return true;
      });
    }
    check_head(head, walk, path);
    result.rows_intact = true;
    result.sealed = check_seal(*head, path);
    result.ok = true;
  } catch (const Error& error) {
    result.problem = error.what();
  }
  result.rows = walk.rows;
  result.head_hash = to_hex(walk.last);
  if (head) {
    result.anchored = head->sequence;
    result.after_anchor = walk.rows > head->sequence ? walk.rows - head->sequence : 0;
  }
  return result;
}

}  // namespace regent::engine
