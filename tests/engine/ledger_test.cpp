#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>
#include <random>

#include "base/atomic_file.hpp"
#include "base/error.hpp"
#include "engine/ledger/canonical_json.hpp"
#include "engine/ledger/head_file.hpp"
#include "engine/ledger/reader.hpp"
#include "engine/ledger/schema.hpp"
#include "engine/ledger/verify.hpp"
#include "engine/ledger/writer.hpp"
#include "tests/engine/support/temporary_folder.hpp"

namespace regent::engine {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

constexpr int rows = 12;

// Twelve rows in six transactions, closed cleanly.
fs::path written(const TemporaryFolder& folder, bool clean = true) {
  const fs::path path = folder / "ledger.db";
  LedgerWriter writer(path, {});
  for (int i = 0; i < rows; ++i) {
    writer.append("timer", 1'000 + i, "{\"now_ns\":" + std::to_string(i) + "}");
    if (i % 2 == 1) writer.commit();
  }
  if (clean) writer.close();
  return path;
}

// What someone with the file in hand could do: no triggers in the way.
void tamper(const fs::path& path, const std::string& sql) {
  Database database(path, Database::Mode::read_write);
  database.run("DROP TRIGGER event_no_update; DROP TRIGGER event_no_delete");
  database.run(sql);
  database.run(ledger_no_update);
  database.run(ledger_no_delete);
}

std::string problem_of(const fs::path& path) {
  const Verification result = verify_ledger(path);
  EXPECT_FALSE(result.ok);
  return result.problem;
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Ledger, VerifiesWhatItWrote) {
  TemporaryFolder folder;
  const Verification result = verify_ledger(written(folder));
  EXPECT_TRUE(result.ok) << result.problem;
  EXPECT_EQ(result.rows, 12U);
  EXPECT_EQ(result.anchored, 12U);
  EXPECT_EQ(result.after_anchor, 0U);
}

TEST(Ledger, HashesWhatItsHeaderSays) {
  // independent of hash_of: the bytes written out by hand
  const Sha256Digest genesis = sha256(std::string_view("regent ledger 1"));
  std::string bytes(genesis.begin(), genesis.end());
  bytes += std::string("\x01\0\0\0\0\0\0\0", 8);
  bytes += R"({"kind":"timer","payload":{"now_ns":0},"stream_ms":1000})";
  TemporaryFolder folder;
  LedgerReader reader(written(folder));
  reader.for_each([&](const LedgerRow& row) {
    EXPECT_EQ(row.hash, sha256(std::string_view(bytes)));
    EXPECT_EQ(row.previous_hash, genesis);
    return false;
  });
}

TEST(Ledger, FindsAnyChangedFieldAndNamesTheRow) {
  for (const std::string& change :
       {std::string("payload = replace(payload, '4', '5')"), std::string("kind = 'tImer'"),
        std::string("stream_ms = stream_ms + 1"), std::string("hash = x'") + std::string(64, 'a') + "'",
        std::string("previous_hash = x'") + std::string(64, 'b') + "'", std::string("hash = x'00'"),
        std::string("payload = payload || ' '")}) {
    TemporaryFolder folder;
    const fs::path path = written(folder);
    tamper(path, "UPDATE event SET " + change + " WHERE sequence = 5");
    expect_contains(problem_of(path), "row 5");
  }
}

// Every byte of every row's record, in the file itself.
// Unsealed, so that it is the chain that finds it.
TEST(Ledger, FindsOneFlippedBitAnywhereInARow) {
  TemporaryFolder folder;
  const fs::path path = written(folder, false);
  const std::string whole = read_file(path);
  LedgerReader reader(path);
  std::vector<std::size_t> places;
  reader.for_each([&](const LedgerRow& row) {
    const std::string content = row.kind + "";
    const std::size_t payload = whole.find(row.payload);
    EXPECT_NE(payload, std::string::npos);
    for (std::size_t i = 0; i < row.payload.size(); ++i) places.push_back(payload + i);
    for (const Sha256Digest& digest : {row.previous_hash, row.hash}) {
      const std::size_t at = whole.find(std::string(digest.begin(), digest.end()));
      EXPECT_NE(at, std::string::npos);
      for (std::size_t i = 0; i < digest.size(); ++i) places.push_back(at + i);
    }
    return true;
  });
  ASSERT_GT(places.size(), 900U);
  for (std::size_t i = 0; i < places.size(); i += 7) {
    std::string damaged = whole;
    damaged[places[i]] = static_cast<char>(damaged[places[i]] ^ (1 << (i % 8)));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    ASSERT_FALSE(verify_ledger(path).ok) << "byte " << places[i];
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << whole;
  EXPECT_TRUE(verify_ledger(path).ok);
}

std::size_t first_free_byte(const std::string& whole) {
  return whole.find(std::string(64, '\0'),
                    4'096);  // within the table's page, between its pointers and records
}

void flip(const fs::path& path, std::size_t place) {
  std::string bytes = read_file(path);
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST(Ledger, FindsAFlippedBitInFreeSpaceAfterACleanEnd) {
  TemporaryFolder folder;
  const fs::path path = written(folder);
  EXPECT_TRUE(verify_ledger(path).sealed);
  const std::size_t place = first_free_byte(read_file(path));
  ASSERT_NE(place, std::string::npos);
  flip(path, place + 32);
  expect_contains(problem_of(path), "outside of the rows");
  EXPECT_EQ(verify_ledger(path).rows, 12U);
  EXPECT_TRUE(verify_ledger(path).rows_intact);
  flip(path, place + 32);
  EXPECT_TRUE(verify_ledger(path).ok);
  flip(path, place + 32);
  EXPECT_EQ(LedgerWriter(path, {}).rows(), 12U) << "goes on: every row is intact";
  EXPECT_TRUE(verify_ledger(path).ok);
}

TEST(Ledger, IsSealedOnlyBetweenACleanEndAndTheNextBeginning) {
  TemporaryFolder folder;
  const fs::path path = written(folder);
  {
    LedgerWriter writer(path, {});
    EXPECT_FALSE(verify_ledger(path).sealed);
    writer.append("timer", 5, "{}");
    writer.commit();
    EXPECT_FALSE(verify_ledger(path).sealed);
  }
  EXPECT_FALSE(verify_ledger(path).sealed) << "a crash seals nothing";
  EXPECT_TRUE(verify_ledger(path).ok);
  LedgerWriter(path, {}).close();
  EXPECT_TRUE(verify_ledger(path).sealed);
  EXPECT_TRUE(verify_ledger(path).ok);
}

TEST(Ledger, IsNotSealedWhileSomebodyReadsWhatTheLogStillHolds) {
  TemporaryFolder folder;
  const fs::path path = folder / "ledger.db";
  LedgerWriter writer(path, {});
  writer.append("timer", 1, "{}");
  writer.commit();
  Database reader(path, Database::Mode::read_only);
  sqlite3_busy_timeout(writer.database().handle(), 0);
  reader.run("BEGIN");
  EXPECT_EQ(reader.integer("SELECT count(*) FROM event"), 1);
  writer.append("timer", 2, "{}");
  writer.close();
  EXPECT_FALSE(verify_ledger(path).sealed);
  reader.run("COMMIT");
  const Verification result = verify_ledger(path);
  EXPECT_TRUE(result.ok) << result.problem;
  EXPECT_EQ(result.rows, 2U);
}

TEST(Ledger, FindsALogThatAppearsBesideASealedFile) {
  TemporaryFolder folder;
  const fs::path path = written(folder);
  Database reader(path, Database::Mode::read_only);  // keeps the log from being emptied
  EXPECT_EQ(reader.integer("SELECT count(*) FROM event"), rows);
  Database(path, Database::Mode::read_write).run("PRAGMA user_version = 1; PRAGMA user_version = 2");
  Database(path, Database::Mode::read_write).run("PRAGMA user_version = 1");
  expect_contains(problem_of(path), "outside of the rows");
}

// What a reader, the program sqlite3 included, does on its way must not look like damage.
TEST(Ledger, KeepsItsSealWhenReadAndCopied) {
  TemporaryFolder folder, other;
  const fs::path path = written(folder);
  EXPECT_EQ(Database(path, Database::Mode::read_only).integer("SELECT count(*) FROM event"), rows);
  EXPECT_EQ(Database(path, Database::Mode::read_write).integer("SELECT count(*) FROM event"), rows);
  EXPECT_TRUE(verify_ledger(path).ok);
  fs::copy_file(path, other / "ledger.db");
  fs::copy_file(head_path(path), head_path(other / "ledger.db"));
  const Verification copy = verify_ledger(other / "ledger.db");
  EXPECT_TRUE(copy.ok && copy.sealed) << copy.problem;
}

// Byte for byte what was written before there were seals: a ledger from then verifies and goes on.
TEST(Ledger, ReadsAnAnchorFromBeforeSeals) {
  TemporaryFolder folder;
  const fs::path path = written(folder);
  const Head head = *read_head(path);
  std::string slot = "RGNTHD01";
  slot += std::string("\x09\0\0\0\0\0\0\0", 8) + std::string("\x0c\0\0\0\0\0\0\0", 8) +
          std::string("\x01\0\0\0\0\0\0\0", 8);
  slot.append(head.hash.begin(), head.hash.end());
  const Sha256Digest sum = sha256(std::string_view(slot));
  slot.append(sum.begin(), sum.end());
  ASSERT_EQ(slot.size(), 96U);
  std::ofstream(head_path(path), std::ios::binary | std::ios::trunc) << std::string(4'096, '\0') << slot;
  const Verification result = verify_ledger(path);
  EXPECT_TRUE(result.ok && !result.sealed) << result.problem;
  EXPECT_TRUE(read_head(path)->clean);
  LedgerWriter(path, {}).close();
  EXPECT_TRUE(verify_ledger(path).sealed);
}

TEST(Ledger, FindsDeletedReorderedAndInsertedRows) {
  const std::vector<std::pair<std::string, std::string>> changes{
      {"DELETE FROM event WHERE sequence = 5", "row 5: missing"},
      {"DELETE FROM event WHERE sequence = 1", "row 1: missing"},
      {"UPDATE event SET sequence = -1 WHERE sequence = 5; UPDATE event SET sequence = 5 WHERE sequence = 6;"
       "UPDATE event SET sequence = 6 WHERE sequence = -1",
       "row 5"},
      {"INSERT INTO event SELECT 13, kind, stream_ms, payload, hash, hash FROM event WHERE sequence = 12",
       "row 13"},
      {"DELETE FROM event WHERE sequence = 5; UPDATE event SET sequence = sequence - 1 WHERE sequence > 5",
       "row 5"}};
  for (const auto& [sql, expected] : changes) {
    TemporaryFolder folder;
    const fs::path path = written(folder);
    tamper(path, sql);
    expect_contains(problem_of(path), expected);
  }
}

TEST(Ledger, FindsACutTail) {
  for (int left = 0; left < rows; ++left) {
    TemporaryFolder folder;
    const fs::path path = written(folder);
    tamper(path, "DELETE FROM event WHERE sequence > " + std::to_string(left));
    expect_contains(problem_of(path), "the tail was cut off");
  }
}

TEST(Ledger, FindsAChainWrittenAnew) {
  TemporaryFolder folder, other;
  const fs::path path = written(folder);
  const fs::path forged = other / "ledger.db";
  {
    LedgerWriter writer(forged, {});
    for (int i = 0; i < rows; ++i)
      writer.append("timer", 1'000 + i, "{\"now_ns\":" + std::to_string(100 + i) + "}");
    writer.close();
  }
  EXPECT_TRUE(verify_ledger(forged).ok);
  fs::copy_file(forged, path, fs::copy_options::overwrite_existing);
  expect_contains(problem_of(path), "row 12: is not the row that the anchor names");
}

TEST(Ledger, FindsRowsAddedAfterACleanEnd) {
  TemporaryFolder folder;
  const fs::path path = written(folder);
  const std::string anchor = read_file(head_path(path));
  {
    LedgerWriter writer(path, {});
    writer.append("timer", 1, "{}");
    writer.close();
  }
  std::ofstream(head_path(path), std::ios::binary | std::ios::trunc) << anchor;
  expect_contains(problem_of(path), "row 13: was added after the ledger was closed");
}

TEST(Ledger, FindsAMissingOrDamagedAnchor) {
  TemporaryFolder folder;
  const fs::path path = written(folder);
  const std::string anchor = read_file(head_path(path));
  fs::remove(head_path(path));
  expect_contains(problem_of(path), "is missing");
  std::ofstream(head_path(path), std::ios::binary | std::ios::trunc) << std::string(anchor.size(), 'x');
  expect_contains(problem_of(path), "both slots are damaged");
}

TEST(Ledger, BeginsAfterACrashBetweenTheAnchorsCreationAndItsFirstWrite) {
  TemporaryFolder folder;
  const fs::path path = folder / "ledger.db";
  std::ofstream(head_path(path)).flush();
  ASSERT_EQ(fs::file_size(head_path(path)), 0U);
  EXPECT_NO_THROW(LedgerWriter(path, {}));
  EXPECT_TRUE(verify_ledger(path).ok);
  fs::resize_file(head_path(path), 0);  // the database made, the anchor not written
  EXPECT_NO_THROW(LedgerWriter(path, {}));
  EXPECT_TRUE(verify_ledger(path).ok);
  const fs::path full = written(folder);  // goes on with the same file
  fs::resize_file(head_path(full), 0);
  expect_contains(problem_of(full), "is missing");
  EXPECT_THROW(LedgerWriter(full, {}), InputError) << "rows without an anchor";
}

TEST(Ledger, FindsRemovedTriggersAndAddedTables) {
  TemporaryFolder folder;
  const fs::path path = written(folder);
  Database(path, Database::Mode::read_write).run("DROP TRIGGER event_no_update");
  expect_contains(problem_of(path), "schema was changed");
  TemporaryFolder second;
  const fs::path added = written(second);
  Database(added, Database::Mode::read_write).run("CREATE TABLE note(text TEXT)");
  expect_contains(problem_of(added), "schema was changed");
}

TEST(Ledger, SurvivesOneTornAnchorSlot) {
  TemporaryFolder folder;
  const fs::path path = written(folder, false);
  const std::string anchor = read_file(head_path(path));
  for (const std::size_t slot : {std::size_t{0}, std::size_t{4096}}) {
    std::string torn = anchor;
    torn[slot + 20] = static_cast<char>(torn[slot + 20] ^ 1);
    std::ofstream(head_path(path), std::ios::binary | std::ios::trunc) << torn;
    const Verification result = verify_ledger(path);
    EXPECT_TRUE(result.ok) << result.problem;
    EXPECT_LE(result.after_anchor, 2U) << "at most one transaction";
  }
}

TEST(Ledger, ForbidsChangesThroughItsOwnDatabase) {
  TemporaryFolder folder;
  Database database(written(folder), Database::Mode::read_write);
  EXPECT_THROW(database.run("UPDATE event SET kind = 'bar'"), Error);
  EXPECT_THROW(database.run("DELETE FROM event"), Error);
  EXPECT_EQ(database.integer("SELECT count(*) FROM event"), rows);
}

TEST(Ledger, GoesOnWhereItStopped) {
  TemporaryFolder folder;
  const fs::path path = written(folder);
  {
    LedgerWriter writer(path, {});
    EXPECT_EQ(writer.rows(), 12U);
    writer.append("timer", 5, "{}");
    writer.commit();
  }
  const Verification result = verify_ledger(path);
  EXPECT_TRUE(result.ok) << result.problem;
  EXPECT_EQ(result.rows, 13U);
}

TEST(Ledger, LosesWhatWasNotCommittedAndNothingElse) {
  TemporaryFolder folder;
  const fs::path path = folder / "ledger.db";
  {
    LedgerWriter writer(path, {});
    writer.append("timer", 1, "{}");
    writer.commit();
    writer.append("timer", 2, "{}");
  }
  LedgerWriter writer(path, {});
  EXPECT_EQ(writer.rows(), 1U);
}

TEST(Ledger, RefusesToGoOnWithADamagedOne) {
  TemporaryFolder folder;
  const fs::path path = written(folder);
  tamper(path, "UPDATE event SET kind = 'bar' WHERE sequence = 3");
  EXPECT_THROW(LedgerWriter(path, {}), InputError);
  fs::remove(path);
  EXPECT_THROW(LedgerWriter(path, {}), InputError) << "an anchor without its ledger";
}

TEST(Ledger, RefusesASecondWriterAndFreesTheLockWhenTheFirstDies) {
  TemporaryFolder folder;
  const fs::path path = folder / "ledger.db";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    LedgerWriter writer(path, {});
    writer.append("timer", 1, "{}");
    writer.commit();
    (void)!::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  try {
    LedgerWriter second(path, {});
    ADD_FAILURE() << "two writers";
  } catch (const RetryableError& error) {
    expect_contains(error.what(), "another engine writes this ledger");
  }
  EXPECT_TRUE(verify_ledger(path).ok) << "reading is always possible";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  LedgerWriter second(path, {});
  EXPECT_EQ(second.rows(), 1U);
}

TEST(Ledger, TakesNothingMoreOnceAWriteFailedAndMarksTheFailure) {
  TemporaryFolder folder;
  const fs::path path = folder / "ledger.db";
  {
    LedgerWriter writer(path, {});
    writer.append("timer", 1, "{}");
    writer.commit();
    const auto pages = writer.database().integer("PRAGMA page_count");
    writer.database().run("PRAGMA max_page_count = " + std::to_string(pages));
    const std::string large = "{\"text\":\"" + std::string(100'000, 'x') + "\"}";
    EXPECT_THROW(
        {
          writer.append("timer", 2, large);
          writer.commit();
        },
        Error);
    EXPECT_TRUE(writer.failed());
    EXPECT_THROW(writer.append("timer", 3, "{}"), Error);
    EXPECT_THROW(writer.commit(), Error);
  }
  EXPECT_TRUE(verify_ledger(path).ok);
  {
    LedgerWriter writer(path, {});
    EXPECT_TRUE(writer.previous_failed());
    EXPECT_EQ(writer.rows(), 1U);
  }
  {
    LedgerWriter writer(path, {});
    EXPECT_TRUE(writer.previous_failed()) << "until it is recorded";
    writer.append("timer", 4, "{}");
    writer.commit();
  }
  EXPECT_FALSE(LedgerWriter(path, {}).previous_failed());
}

TEST(Ledger, IsNoOtherDatabase) {
  TemporaryFolder folder;
  const fs::path path = folder / "other.db";
  Database(path, Database::Mode::read_write).run("CREATE TABLE t(x)");
  EXPECT_THROW(LedgerReader{path}, InputError);
  EXPECT_THROW(LedgerWriter(path, {}), InputError);
  std::ofstream(folder / "text.db") << std::string(5'000, 'x');
  EXPECT_THROW(LedgerReader{folder / "text.db"}, InputError);
  EXPECT_THROW(LedgerReader{folder / "absent.db"}, InputError);
}

TEST(Ledger, ShowsWhatIsAskedFor) {
  TemporaryFolder folder;
  LedgerReader reader(written(folder));
  RowFilter filter;
  filter.from_ms = 1'003;
  filter.to_ms = 1'008;
  filter.limit = 4;
  std::vector<std::uint64_t> found;
  reader.for_each(
      [&](const LedgerRow& row) {
        found.push_back(row.sequence);
        return true;
      },
      filter);
  EXPECT_EQ(found, (std::vector<std::uint64_t>{4, 5, 6, 7}));
  filter = {};
  filter.kind = "bar";
  reader.for_each([&](const LedgerRow&) { return ADD_FAILURE(), false; }, filter);
}

TEST(CanonicalJson, WritesDoublesSoThatTheSameBitsComeBack) {
  constexpr unsigned seed = 7;
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const auto parsed = nlohmann::json::parse(canonical(value));
    ASSERT_TRUE(parsed.is_number_float()) << canonical(value);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(parsed.get<double>()), std::bit_cast<std::uint64_t>(value))
        << canonical(value) << " seed " << seed;
  }
}

TEST(CanonicalJson, HasOneFormForEveryValue) {
  EXPECT_EQ(
      canonical(nlohmann::json::parse(R"({"b": [1, 2.50, -0.0, 1e300], "a": {"z": null, "y": "\u00e4\n"}})")),
      "{\"a\":{\"y\":\"ä\\n\",\"z\":null},\"b\":[1,2.5,-0.0,1e+300]}");
  EXPECT_EQ(canonical(3.0), "3.0");
  EXPECT_EQ(canonical(0.1), "0.1");
  EXPECT_EQ(canonical(std::nan("")), "null");
  EXPECT_EQ(canonical(std::numeric_limits<double>::infinity()), "\"inf\"");
  EXPECT_NO_THROW(canonical(std::string("\xff\xfe")));
}

}  // namespace
}  // namespace regent::engine
