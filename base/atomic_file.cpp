#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "base/atomic_writer.hpp"
#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace regent {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& what, int error) {
  throw Error(path.string() + ": " + what + ": " + std::strerror(error));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void sync_descriptor(int descriptor, const fs::path& path) {
  while (::fsync(descriptor) != 0) {
    if (errno == EINTR) continue;
    if (errno == EINVAL || errno == EROFS) return;  // a file system without sync for this kind of file
    fail(path, "cannot be synced to disk", errno);
  }
}

void sync_path(const fs::path& path, int flags) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!descriptor.is_open()) fail(path, "cannot be opened to sync it", errno);
  sync_descriptor(descriptor.get(), path);
}

void sync_folder(const fs::path& path) {
  sync_path(path, O_DIRECTORY);
}

void write_all(int descriptor, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), std::min(bytes.size(), std::size_t{1} << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "cannot be written", errno);
    if (written == 0) fail(path, "cannot be written", ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

// PID-NUMBER, as temporary_name makes it: nothing else with such a beginning is ours to remove.
bool is_temporary_suffix(std::string_view text) {
  const auto all_digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const std::size_t dash = text.find('-');
  return dash != std::string_view::npos && all_digits(text.substr(0, dash)) &&
         all_digits(text.substr(dash + 1));
}

std::string temporary_prefix(const fs::path& path) {
  return "." + path.filename().string() + ".tmp-";
}

// Unique within this machine's process; O_EXCL and mkdir find a name that a killed process left behind.
fs::path temporary_name(const fs::path& path) {
  static std::atomic<std::uint64_t> next{0};
  return folder_of(path) /
         (temporary_prefix(path) + std::to_string(::getpid()) + "-" + std::to_string(next.fetch_add(1)));
}

// A writer holds a lock on its temporary file or folder while it lives, so what a killed process left behind
// is what nobody locks. The age spares a writer between its creation and its lock.
void remove_leftovers(const fs::path& path) {
  constexpr std::time_t age_min_s = 60;
  std::error_code error;
  const std::string prefix = temporary_prefix(path);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_of(path), error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(prefix, 0) != 0 || !is_temporary_suffix(name.substr(prefix.size()))) continue;
    const Descriptor descriptor(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!descriptor.is_open() || ::fstat(descriptor.get(), &status) != 0) continue;
    if (::time(nullptr) - status.st_mtime < age_min_s) continue;
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry.path(), error);
  }
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : descriptor_(create(target, path_)) {
    ::flock(descriptor_.get(), LOCK_EX | LOCK_NB);  // only a mark for remove_leftovers: may be unsupported
  }
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int descriptor() const { return descriptor_.get(); }
  const fs::path& path() const { return path_; }
  void close() {
    if (descriptor_.close() != 0 && errno != EINTR) fail(path_, "cannot be closed", errno);
  }
  void rename_to(const fs::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) fail(target, "cannot be replaced", errno);
    path_.clear();
  }

 private:
  static Descriptor create(const fs::path& target, fs::path& path) {
    for (;;) {
      fs::path candidate = temporary_name(target);
      Descriptor descriptor(::open(candidate.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666));
      if (descriptor.is_open()) {
        path = std::move(candidate);
        return descriptor;
      }
      if (errno != EEXIST) fail(target, "cannot be created", errno);
    }
  }
  fs::path path_;
  Descriptor descriptor_;
};

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& target) : path_(create(target)), lock_(open_locked(path_)) {}
  ~TemporaryFolder() { remove(); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }
  void release() { path_.clear(); }
  void remove() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
    path_.clear();
  }

 private:
  static fs::path create(const fs::path& target) {
    for (;;) {
      fs::path candidate = temporary_name(target);
      if (::mkdir(candidate.c_str(), 0777) == 0) return candidate;
      if (errno != EEXIST) fail(target, "cannot be created", errno);
    }
  }
  static Descriptor open_locked(const fs::path& path) {
    Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.is_open()) ::flock(descriptor.get(), LOCK_EX | LOCK_NB);
    return descriptor;
  }
  fs::path path_;
  Descriptor lock_;
};

void sync_tree(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_symlink()) continue;
    if (entry.is_directory()) {
      sync_folder(entry.path());
    } else if (entry.is_regular_file()) {
      sync_path(entry.path(), 0);
    }
  }
  sync_folder(folder);
}

int rename_with_flags(const fs::path& from, const fs::path& to, unsigned int flags) {
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags));
}

[[noreturn]] void already_exists(const fs::path& path) {
  throw InputError(path.string() + ": exists already; name another folder or remove this one");
}

void rename_new(TemporaryFolder& made, const fs::path& path) {
  if (rename_with_flags(made.path(), path, RENAME_NOREPLACE) == 0) return made.release();
  if (errno == EEXIST) already_exists(path);
  if (errno != EINVAL && errno != ENOSYS) fail(path, "cannot be created", errno);
  // A file system without RENAME_NOREPLACE: rename refuses every folder that holds something.
  if (fs::exists(fs::symlink_status(path))) already_exists(path);
  if (::rename(made.path().c_str(), path.c_str()) != 0) fail(path, "cannot be created", errno);
  made.release();
}

void rename_over(TemporaryFolder& made, const fs::path& path) {
  // After the exchange the old folder stands under the temporary name.
  if (rename_with_flags(made.path(), path, RENAME_EXCHANGE) == 0) return made.remove();
  if (errno == ENOENT) return rename_new(made, path);
  if (errno != EINVAL && errno != ENOSYS) fail(path, "cannot be replaced", errno);
  // Without RENAME_EXCHANGE there is a moment with no folder at `path`; the old one stands beside it till the
  // end.
  const fs::path aside = temporary_name(path);
  if (::rename(path.c_str(), aside.c_str()) != 0) fail(path, "cannot be moved aside", errno);
  if (::rename(made.path().c_str(), path.c_str()) != 0) {
    const int error = errno;
    if (::rename(aside.c_str(), path.c_str()) != 0)
      fail(aside, "holds the old folder, cannot be moved back", errno);
    fail(path, "cannot be replaced", error);
  }
  made.release();
  std::error_code ignored;
  fs::remove_all(aside, ignored);
}

fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

std::string read_file(const fs::path& path, std::size_t bytes_max) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.is_open()) throw InputError(path.string() + ": cannot be opened: " + std::strerror(errno));
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) {
    throw InputError(path.string() + ": cannot be read: " + std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) throw InputError(path.string() + ": is a folder; expected a file");
  const auto too_large = [&] {
    return InputError(path.string() + ": is larger than " + std::to_string(bytes_max) + " bytes");
  };
  const auto expected = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  if (expected > bytes_max) throw too_large();

  std::string bytes;
  std::size_t size = 0;
  for (;;) {
    // One byte more than expected finds the end of a regular file without growing; a pipe has no expected
    // size.
    if (size == bytes.size()) bytes.resize(std::max(expected + 1, size + std::max<std::size_t>(size, 4096)));
    const ssize_t got = ::read(descriptor.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw InputError(path.string() + ": cannot be read: " + std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size > bytes_max) throw too_large();
  }
  bytes.resize(size);
  return bytes;
}

struct AtomicWriter::State {
  fs::path path;
  TemporaryFile file;
};

AtomicWriter::AtomicWriter(const fs::path& path) {
  if (!path.has_filename()) throw InputError(path.string() + ": is no file name");
  remove_leftovers(path);
  state_.reset(new State{path, TemporaryFile(path)});
  struct stat old {};
  if (::stat(path.c_str(), &old) != 0) return;
  if (S_ISDIR(old.st_mode)) throw InputError(path.string() + ": is a folder; expected a file");
  if (::fchmod(state_->file.descriptor(), old.st_mode & 07777) != 0)
    fail(path, "cannot keep its permissions", errno);
}

AtomicWriter::~AtomicWriter() = default;

void AtomicWriter::write(std::string_view bytes) {
  write_all(state_->file.descriptor(), bytes, state_->path);
}

void AtomicWriter::finish() {
  sync_descriptor(state_->file.descriptor(), state_->path);
  state_->file.close();
  state_->file.rename_to(state_->path);
  sync_folder(folder_of(state_->path));
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicWriter file(path);
  file.write(bytes);
  file.finish();
}

void write_folder_atomically(const fs::path& target, bool replace,
                             const std::function<void(const fs::path&)>& fill) {
  const fs::path path = without_trailing_slash(target);
  const fs::file_status status = fs::symlink_status(path);
  // Before the work and not only after it: filling may take hours.
  if (fs::exists(status) && !replace) already_exists(path);
  if (fs::exists(status) && !fs::is_directory(status)) throw InputError(path.string() + ": is not a folder");
  remove_leftovers(path);
  TemporaryFolder made(path);
  fill(made.path());
  try {
    sync_tree(made.path());
  } catch (const fs::filesystem_error& error) {
    throw Error(path.string() + ": cannot be synced to disk: " + error.what());
  }
  replace ? rename_over(made, path) : rename_new(made, path);
  sync_folder(folder_of(path));
}

}  // namespace regent
