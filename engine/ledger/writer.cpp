#include "engine/ledger/writer.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/log.hpp"
#include "engine/ledger/schema.hpp"
#include "engine/ledger/verify.hpp"

namespace regent::engine {

class LedgerWriter::Lock {
 public:
  explicit Lock(const std::filesystem::path& ledger) {
    const std::string path = ledger.string() + ".lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0) throw InputError(path + ": cannot be opened: " + std::strerror(errno));
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      ::close(file_);
      throw RetryableError(ledger.string() + ": another engine writes this ledger (it holds " + path +
                           "); stop it first, or name another ledger");
    }
  }
  ~Lock() { ::close(file_); }  // the kernel releases the lock, also after a crash
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_ = -1;
};

LedgerWriter::LedgerWriter(const std::filesystem::path& path, const LedgerSettings& settings)
    : path_(path), settings_(settings), lock_(std::make_unique<Lock>(path)) {
  const bool exists = std::filesystem::exists(path) && std::filesystem::file_size(path) > 0;
  if (!exists && read_head(path).value_or(Head{}).sequence > 0) {
    throw InputError(path.string() + ": is missing, but its anchor " + head_path(path).string() +
                     " names rows; restore the ledger, or move the anchor away");
  }
  if (exists) {
    const Verification verification = verify_ledger(path);
    // a crash between creating the database and its anchor leaves an empty ledger
    const auto is_empty = [&] { return verification.rows == 0 && !read_head(path); };
    if (!verification.ok && !is_empty()) {
      if (!verification.rows_intact)
        throw InputError(path.string() + ": does not verify: " + verification.problem);
      spdlog::warn("{}: {}", path.string(), verification.problem);
    }
    sequence_ = verification.rows;
    last_ = digest_from_hex(verification.head_hash);
  }
  open();
}

LedgerWriter::~LedgerWriter() {
  insert_.reset();
  if (in_transaction_) sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void LedgerWriter::open() {
  database_ = std::make_unique<Database>(path_, Database::Mode::read_write);
  if (database_->integer("SELECT count(*) FROM sqlite_schema") > 0 &&
      database_->integer("PRAGMA application_id") != ledger_application_id) {
    throw InputError(path_.string() + ": is a database, but not a ledger; name another file");
  }
  if (database_->text("PRAGMA journal_mode=WAL") != "wal") throw Error(path_.string() + ": cannot use WAL");
  database_->run("PRAGMA synchronous=FULL");
  if (database_->integer("SELECT count(*) FROM sqlite_schema") == 0) {
    database_->run("BEGIN IMMEDIATE");
    for (const char* sql : ledger_schema) database_->run(sql);
    database_->run("PRAGMA application_id=" + std::to_string(ledger_application_id));
    database_->run("PRAGMA user_version=" + std::to_string(ledger_format));
    database_->run("COMMIT");
  }
  insert_ = std::make_unique<Statement>(
      database_->handle(),
      "INSERT INTO event(sequence, kind, stream_ms, payload, previous_hash, hash) VALUES(?, ?, ?, ?, ?, ?)");
  head_ = std::make_unique<HeadFile>(path_);
  previous_failed_ = head_->head().ledger_failed;
  Head head = head_->head();
  head.sequence = sequence_;  // rows that a crash left unanchored were verified with the rest
  head.hash = last_;
  head.clean = false;  // an old failure stays marked until the first commit has recorded it
  head.seal.reset();
  head_->write(head, true);
}

void LedgerWriter::fail(const std::string& what) {
  if (!failed_) {
    failed_ = true;
    if (in_transaction_) sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    in_transaction_ = false;
    try {
      Head head = head_->head();
      head.ledger_failed = true;  // its place is allocated: a full disk does not stop this
      head_->write(head, true);
    } catch (const Error& error) {
      spdlog::error("{}", error.what());
    }
  }
  throw Error("the ledger cannot be written: " + what);
}

void LedgerWriter::insert(const LedgerRow& row) {
  insert_->reset();
  insert_->bind(1, static_cast<std::int64_t>(row.sequence));
  insert_->bind(2, std::string_view(row.kind));
  insert_->bind(3, row.stream_ms);
  insert_->bind(4, std::string_view(row.payload));
  insert_->bind_blob(5, row.previous_hash.data(), row.previous_hash.size());
  insert_->bind_blob(6, row.hash.data(), row.hash.size());
  insert_->step();
}

void LedgerWriter::append(const std::string& kind, TimestampMs stream_ms, const std::string& payload) {
  if (failed_) throw Error("the ledger failed before and takes nothing more");
  REGENT_INVARIANT(!closed_, "a row for a closed ledger");
  LedgerRow row{sequence_ + 1, kind, stream_ms, payload, last_, {}};
  row.hash = hash_of(row.previous_hash, row.sequence, kind, stream_ms, payload);
  try {
    if (!in_transaction_) {
      database_->run("BEGIN IMMEDIATE");
      in_transaction_ = true;
    }
    insert(row);
  } catch (const Error& error) {
    fail(error.what());
  }
  sequence_ = row.sequence;
  last_ = row.hash;
}

void LedgerWriter::commit() {
  if (failed_) throw Error("the ledger failed before and takes nothing more");
  if (!in_transaction_) return;
  try {
    insert_->reset();
    database_->run("COMMIT");
    in_transaction_ = false;
    ++commits_;
    Head head = head_->head();
    head.sequence = sequence_;
    head.hash = last_;
    head.ledger_failed = false;
    const auto every = static_cast<std::uint64_t>(settings_.anchor_sync);
    head_->write(head, every > 0 && commits_ % every == 0);
  } catch (const Error& error) {
    fail(error.what());
  }
  if (observer_) observer_(sequence_);
}

// Closes the database, which is then one file without a log beside it, and puts that file's digest into the
// anchor; not when another process reads it just now and keeps the log. Without a seal the end is clean all
// the same.
void LedgerWriter::seal() {
  insert_.reset();
  try {
    database_->integer("PRAGMA wal_checkpoint(TRUNCATE)");
    database_.reset();  // before the file is read: closing any descriptor of it would drop SQLite's locks
    if (has_log(path_)) return;
    Head head = head_->head();
    head.seal = sha256_file(path_);
    head_->write(head, true);
  } catch (const std::exception& error) {
    spdlog::warn("the ledger is closed without its seal: {}", error.what());
  }
}

void LedgerWriter::close() {
  if (closed_ || failed_) return;
  commit();
  Head head = head_->head();
  head.clean = true;
  head_->write(head, true);
  closed_ = true;
  seal();
}

}  // namespace regent::engine
