#pragma once
// The single writer of a ledger: SQLite in WAL mode with synchronous=FULL, one transaction per step, the head
// anchored outside after each commit. A second writer is refused by a lock.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "engine/ledger/database.hpp"
#include "engine/ledger/head_file.hpp"
#include "engine/ledger/row.hpp"

namespace regent::engine {

struct LedgerSettings {
  int anchor_sync = 16;  // commits between two syncs of the anchor; the kernel gets each
};

class LedgerWriter {
 public:
  // Opens or creates. An existing ledger is verified first: a damaged row is an InputError, a byte that
  // changed outside of the rows a warning. Another writer is a RetryableError that names the lock.
  LedgerWriter(const std::filesystem::path& path, const LedgerSettings& settings);
  ~LedgerWriter();
  LedgerWriter(const LedgerWriter&) = delete;
  LedgerWriter& operator=(const LedgerWriter&) = delete;

  // Adds a row to the open transaction (and begins one). Throws Error; after that the ledger takes nothing
  // more.
  void append(const std::string& kind, TimestampMs stream_ms, const std::string& payload);
  // Makes everything appended durable. Throws Error; after that the ledger takes nothing more.
  void commit();
  // Commits, closes the database and marks the end as clean, so that no row may follow unseen and no byte may
  // change unseen. Takes nothing more afterwards.
  void close();

  std::uint64_t rows() const { return sequence_; }
  std::uint64_t commits() const { return commits_; }
  bool failed() const { return failed_; }
  // The previous writer ended because it could not write.
  bool previous_failed() const { return previous_failed_; }
  const std::filesystem::path& path() const { return path_; }
  void on_commit(std::function<void(std::uint64_t)> observer) { observer_ = std::move(observer); }
  Database& database() { return *database_; }

 private:
  class Lock;
  void open();
  void insert(const LedgerRow& row);
  void fail(const std::string& what);
  void seal();

  std::filesystem::path path_;
  LedgerSettings settings_;
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Statement> insert_;
  std::unique_ptr<HeadFile> head_;
  std::uint64_t sequence_ = 0, commits_ = 0;
  Sha256Digest last_ = genesis_hash();
  bool in_transaction_ = false, failed_ = false, previous_failed_ = false, closed_ = false;
  std::function<void(std::uint64_t)> observer_;
};

}  // namespace regent::engine
