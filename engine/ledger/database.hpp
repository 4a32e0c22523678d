#pragma once
// The little of SQLite that the ledger needs, with its errors as exceptions and its handles as owners.

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace regent::engine {

class Statement {
 public:
  Statement(sqlite3* database, const char* sql);
  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view text);
  void bind_blob(int index, const void* bytes, std::size_t size);
  bool step();  // true: a row is there
  void reset();
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;  // valid until the next step
  std::string_view blob(int column) const;
  int type(int column) const;  // SQLITE_INTEGER …

 private:
  struct Finalise {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void check(int result) const;
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalise> statement_;
};

class Database {
 public:
  enum class Mode { read_only, read_write };
  Database(const std::filesystem::path& path, Mode mode);  // read_write creates the file
  sqlite3* handle() const { return handle_.get(); }
  void run(const std::string& sql);
  std::int64_t integer(const char* sql);  // the first column of the first row
  std::string text(const char* sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// Whether a write-ahead log with something in it lies beside the database.
bool has_log(const std::filesystem::path& database);

}  // namespace regent::engine
