#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/atomic_writer.hpp"
#include "base/error.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent {
namespace {

namespace fs = std::filesystem;
using regent::test::message_of;
using regent::test::TemporaryFolder;
using Names = std::vector<std::string>;

// Lets no file grow beyond `bytes`: a write is cut short, the next one fails. As on a disk that runs full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

void make_old(const fs::path& path) {
  const timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), long_ago, 0), 0);
}

TEST(AtomicFile, WritesAndReadsBackEveryByte) {
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7);
  write_file_atomically(folder / "file", bytes);
  EXPECT_EQ(read_file(folder / "file"), bytes);
  write_file_atomically(folder / "file", "");
  EXPECT_EQ(read_file(folder / "file"), "");
  EXPECT_EQ(folder.names(), Names{"file"});
}

TEST(AtomicFile, KeepsThePermissionsOfTheFileItReplaces) {
  const TemporaryFolder folder;
  const fs::path path = folder.write("secret", "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  write_file_atomically(path, "new");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(AtomicFile, LeavesTheOldFileAndNothingElseWhenAWriteFailsHalfWay) {
  const TemporaryFolder folder;
  folder.write("file", "old");
  std::string message;
  {
    const FileSizeLimit limit(4096);
    message = message_of<Error>([&] { write_file_atomically(folder / "file", std::string(10'000, 'x')); });
  }
  EXPECT_NE(message.find("cannot be written"), std::string::npos) << message;
  EXPECT_EQ(read_file(folder / "file"), "old");
  EXPECT_EQ(folder.names(), Names{"file"});
}

TEST(AtomicFile, LeavesTheOldFileAndNothingElseOnAFullDisk) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "disk");
  if (::mount("tmpfs", (folder / "disk").c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "cannot mount a small tmpfs here: " << std::strerror(errno);
  }
  write_file_atomically(folder / "disk/file", "old");
  const std::string message =
      message_of<Error>([&] { write_file_atomically(folder / "disk/file", std::string(1 << 20, 'x')); });
  const std::string kept = read_file(folder / "disk/file");
  const auto files = std::distance(fs::directory_iterator(folder / "disk"), fs::directory_iterator());
  ::umount((folder / "disk").c_str());
  EXPECT_NE(message.find("No space left"), std::string::npos) << message;
  EXPECT_EQ(kept, "old");
  EXPECT_EQ(files, 1);
}

TEST(AtomicFile, InPiecesIsWholeWhenFinishedAndNothingBefore) {
  const TemporaryFolder folder;
  folder.write("file", "old");
  {
    AtomicWriter file(folder / "file");
    file.write("one ");
    file.write("two");
    EXPECT_EQ(read_file(folder / "file"), "old");
    file.finish();
  }
  EXPECT_EQ(read_file(folder / "file"), "one two");
  { AtomicWriter(folder / "file").write("lost"); }
  EXPECT_EQ(read_file(folder / "file"), "one two");
  EXPECT_EQ(folder.names(), Names{"file"});
}

TEST(AtomicFile, IsNeverSeenHalfWritten) {
  const TemporaryFolder folder;
  const std::string first(200'000, 'a'), second(150'000, 'b');
  write_file_atomically(folder / "file", first);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 60; ++i) write_file_atomically(folder / "file", i % 2 == 0 ? second : first);
    done = true;
  });
  int reads = 0;
  for (; !done || reads == 0; ++reads) {
    const std::string seen = read_file(folder / "file");
    if (seen != first && seen != second) ADD_FAILURE() << "saw " << seen.size() << " mixed bytes";
  }
  writer.join();
}

TEST(AtomicFile, NamesAFolderThatDoesNotExist) {
  const TemporaryFolder folder;
  EXPECT_NE(
      message_of<Error>([&] { write_file_atomically(folder / "absent/file", "x"); }).find("absent/file"),
      std::string::npos);
  EXPECT_THROW(write_file_atomically(folder.path(), "x"), InputError);
}

TEST(AtomicFile, ReadsWhatHasNoSizeBeforehand) {
  EXPECT_FALSE(read_file("/proc/self/status").empty());
}

TEST(AtomicFile, RefusesFilesThatAreAbsentTooLargeOrFolders) {
  const TemporaryFolder folder;
  folder.write("ten", "0123456789");
  EXPECT_EQ(read_file(folder / "ten", 10), "0123456789");
  EXPECT_NE(message_of<InputError>([&] { read_file(folder / "ten", 9); }).find("larger than 9"),
            std::string::npos);
  EXPECT_NE(message_of<InputError>([&] { read_file("/proc/self/status", 3); }).find("larger than 3"),
            std::string::npos);
  EXPECT_NE(message_of<InputError>([&] { read_file(folder / "absent"); }).find("absent"), std::string::npos);
  EXPECT_NE(message_of<InputError>([&] { read_file(folder.path()); }).find("is a folder"), std::string::npos);
}

void fill_with(const fs::path& folder, const std::string& text) {
  fs::create_directories(folder / "inner");
  write_file_atomically(folder / "inner/file", text);
}

TEST(AtomicFolder, AppearsWholeAndAlone) {
  const TemporaryFolder folder;
  write_folder_atomically(folder / "made", false, [&](const fs::path& made) {
    fill_with(made, "text");
    EXPECT_FALSE(fs::exists(folder / "made"));
  });
  EXPECT_EQ(read_file(folder / "made/inner/file"), "text");
  EXPECT_EQ(folder.names(), Names{"made"});
}

TEST(AtomicFolder, LeavesNothingWhenItsFillerFails) {
  const TemporaryFolder folder;
  const auto fail = [](const fs::path& made) {
    fill_with(made, "half");
    throw Error("the disk is full");
  };
  EXPECT_EQ(message_of<Error>([&] { write_folder_atomically(folder / "made", false, fail); }),
            "the disk is full");
  EXPECT_EQ(folder.names(), Names{});
  fill_with(folder / "made", "old");
  EXPECT_THROW(write_folder_atomically(folder / "made", true, fail), Error);
  EXPECT_EQ(read_file(folder / "made/inner/file"), "old");
  EXPECT_EQ(folder.names(), Names{"made"});
}

TEST(AtomicFolder, RefusesAnExistingOneBeforeAnyWork) {
  const TemporaryFolder folder;
  fill_with(folder / "made", "old");
  bool worked = false;
  const auto fill = [&](const fs::path&) { worked = true; };
  EXPECT_NE(message_of<InputError>([&] {
              write_folder_atomically(folder / "made", false, fill);
            }).find("exists already"),
            std::string::npos);
  EXPECT_FALSE(worked);
  EXPECT_EQ(read_file(folder / "made/inner/file"), "old");
}

TEST(AtomicFolder, RefusesOneThatAppearedMeanwhile) {
  const TemporaryFolder folder;
  const auto fill = [&](const fs::path& made) {
    fill_with(made, "late");
    fs::create_directory(folder / "made");
  };
  EXPECT_THROW(write_folder_atomically(folder / "made", false, fill), InputError);
  EXPECT_TRUE(fs::is_empty(folder / "made"));
  EXPECT_EQ(folder.names(), Names{"made"});
}

TEST(AtomicFolder, ReplacesTheWholeOldFolder) {
  const TemporaryFolder folder;
  fill_with(folder / "made", "old");
  folder.write("made/stale", "must go");
  write_folder_atomically(folder.path().string() + "/made/", true,
                          [](const fs::path& made) { fill_with(made, "new"); });
  EXPECT_EQ(read_file(folder / "made/inner/file"), "new");
  EXPECT_FALSE(fs::exists(folder / "made/stale"));
  EXPECT_EQ(folder.names(), Names{"made"});
}

TEST(AtomicFolder, RefusesToReplaceAFile) {
  const TemporaryFolder folder;
  folder.write("made", "a file");
  EXPECT_THROW(write_folder_atomically(folder / "made", true, [](const fs::path&) {}), InputError);
  EXPECT_EQ(read_file(folder / "made"), "a file");
}

TEST(AtomicFolder, ClearsWhatAKilledWriterLeftAndOnlyThat) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    write_folder_atomically(folder / "made", false, [](const fs::path& made) {
      fill_with(made, "half");
      ::kill(::getpid(), SIGKILL);
    });
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(folder.names().size(), 1U);  // the half-written one, under its temporary name
  ASSERT_FALSE(fs::exists(folder / "made"));
  make_old(folder / folder.names().front());
  folder.write(".made.other", "not ours");
  folder.write(".made.tmp-notes", "not ours either");
  make_old(folder / ".made.tmp-notes");

  const auto outer = [&](const fs::path& made) {
    fill_with(made, "outer");
    make_old(made);  // old, but its writer lives
    write_folder_atomically(folder / "made", false, [](const fs::path& inner) { fill_with(inner, "inner"); });
    EXPECT_TRUE(fs::exists(made / "inner/file"));
  };
  EXPECT_THROW(write_folder_atomically(folder / "made", false, outer), InputError);
  EXPECT_EQ(read_file(folder / "made/inner/file"), "inner");
  EXPECT_EQ(folder.names(), (Names{".made.other", ".made.tmp-notes", "made"}));
}

}  // namespace
}  // namespace regent
