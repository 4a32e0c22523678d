#include "engine/ledger/database.hpp"

#include "base/error.hpp"

namespace regent::engine {

namespace {

[[noreturn]] void fail(sqlite3* database, int result) {
  const char* file = database == nullptr ? nullptr : sqlite3_db_filename(database, "main");
  const std::string detail = database == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(database);
  const std::string message = std::string(file == nullptr ? "ledger" : file) + ": " + detail;
  if (result == SQLITE_CORRUPT || result == SQLITE_NOTADB) throw InputError(message);
  throw Error(message);
}

}  // namespace

Statement::Statement(sqlite3* database, const char* sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(database, sql, -1, &statement, nullptr);
  statement_.reset(statement);
  check(result);
}

void Statement::check(int result) const {
  if (result != SQLITE_OK) fail(database_, result & 0xFF);
}

void Statement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), index, value));
}

void Statement::bind(int index, std::string_view text) {
  check(
      sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind_blob(int index, const void* bytes, std::size_t size) {
  check(sqlite3_bind_blob64(statement_.get(), index, bytes, size, SQLITE_TRANSIENT));
}

bool Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) fail(database_, result & 0xFF);
  return false;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return {bytes == nullptr ? "" : bytes,
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  return {bytes == nullptr ? "" : bytes,
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

int Statement::type(int column) const {
  return sqlite3_column_type(statement_.get(), column);
}

Database::Database(const std::filesystem::path& path, Mode mode) {
  sqlite3* database = nullptr;
  const int flags =
      mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int result = sqlite3_open_v2(path.c_str(), &database, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(database);
  if (result != SQLITE_OK) {
    throw InputError(path.string() + ": cannot be opened: " +
                     (database == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(database)));
  }
  sqlite3_busy_timeout(database, 2'000);
}

void Database::run(const std::string& sql) {
  const int result = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) fail(handle_.get(), result & 0xFF);
}

bool has_log(const std::filesystem::path& database) {
  const std::filesystem::path log = database.string() + "-wal";
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(log, missing);
  return !missing && bytes > 0;
}

std::int64_t Database::integer(const char* sql) {
  Statement statement(handle_.get(), sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(const char* sql) {
  Statement statement(handle_.get(), sql);
  return statement.step() ? std::string(statement.text(0)) : std::string();
}

}  // namespace regent::engine
