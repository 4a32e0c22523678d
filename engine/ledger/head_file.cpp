#include "engine/ledger/head_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "engine/ledger/row.hpp"

namespace regent::engine {

namespace {

// Slots lie in different disk blocks. Layout: magic 8, generation 8, sequence 8, flags 8, hash 32,
// checksum 32.
constexpr std::size_t slot_bytes = 96;
constexpr off_t slot_distance = 4096;
constexpr char magic[9] = "RGNTHD01";
using Slot = std::array<std::uint8_t, slot_bytes>;

void put(Slot& slot, std::size_t at, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) slot[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint64_t take(const Slot& slot, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(slot[at + i]) << (8 * i);
  return value;
}

Sha256Digest checksum(const Slot& slot) {
  return sha256(std::span(slot).first(64));
}

Slot encode(const Head& head) {
  Slot slot{};
  std::memcpy(slot.data(), magic, 8);
  put(slot, 8, head.generation);
  put(slot, 16, head.sequence);
  put(slot, 24, (head.clean ? 1U : 0U) | (head.ledger_failed ? 2U : 0U));
  std::memcpy(slot.data() + 32, head.hash.data(), 32);
  const Sha256Digest sum = checksum(slot);
  std::memcpy(slot.data() + 64, sum.data(), 32);
  return slot;
}

std::optional<Head> decode(const Slot& slot) {
  const Sha256Digest sum = checksum(slot);
  if (std::memcmp(slot.data(), magic, 8) != 0 || std::memcmp(slot.data() + 64, sum.data(), 32) != 0)
    return {};
  Head head;
  head.generation = take(slot, 8);
  head.sequence = take(slot, 16);
  head.clean = (take(slot, 24) & 1U) != 0;
  head.ledger_failed = (take(slot, 24) & 2U) != 0;
  std::memcpy(head.hash.data(), slot.data() + 32, 32);
  return head;
}

std::optional<Head> read_newest(int file) {
  std::optional<Head> newest;
  for (off_t i = 0; i < 2; ++i) {
    Slot slot{};
    if (::pread(file, slot.data(), slot.size(), i * slot_distance) != static_cast<ssize_t>(slot.size()))
      continue;
    const std::optional<Head> head = decode(slot);
    if (head && (!newest || head->generation > newest->generation)) newest = head;
  }
  return newest;
}

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw Error(path.string() + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

std::filesystem::path head_path(const std::filesystem::path& ledger) {
  return ledger.string() + ".head";
}

std::optional<Head> read_head(const std::filesystem::path& ledger) {
  const std::filesystem::path path = head_path(ledger);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return {};
    fail(path, "cannot be read");
  }
  const std::optional<Head> head = read_newest(file.get());
  if (::lseek(file.get(), 0, SEEK_END) == 0) return {};
  if (!head) throw InputError(path.string() + ": no valid anchor in it; both slots are damaged");
  return head;
}

HeadFile::HeadFile(const std::filesystem::path& ledger) : path_(head_path(ledger)) {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail(path_, "cannot be opened");
  if (const std::optional<Head> head = read_newest(file_)) {
    head_ = *head;
    return;
  }
  if (::lseek(file_, 0, SEEK_END) > 0) {
    ::close(file_);
    throw InputError(path_.string() + ": no valid anchor in it; both slots are damaged");
  }
  head_.hash = genesis_hash();
  write(head_, false);  // both slots exist from the beginning, so that a full disk cannot stop a later write
  write(head_, true);
}

HeadFile::~HeadFile() {
  ::close(file_);
}

void HeadFile::write(Head head, bool sync) {
  head.generation = head_.generation + 1;
  const Slot slot = encode(head);
  const off_t at = static_cast<off_t>(head.generation % 2) * slot_distance;
  const ssize_t written = ::pwrite(file_, slot.data(), slot.size(), at);
  if (written != static_cast<ssize_t>(slot.size())) {
    if (written >= 0) errno = ENOSPC;
    fail(path_, "cannot be written");
  }
  if (sync && ::fdatasync(file_) != 0) fail(path_, "cannot be synced");
  head_ = head;
}

}  // namespace regent::engine
