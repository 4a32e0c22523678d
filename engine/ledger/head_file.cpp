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

// Slots lie in different disk blocks. Layout: magic 8, generation 8, sequence 8, flags 8, hash 32, seal 32,
// checksum 32. Before seals there were, the checksum stood in their place, under another magic.
constexpr std::size_t slot_bytes = 128, unsealed_slot_bytes = 96;
constexpr off_t slot_distance = 4096;
constexpr char magic[9] = "RGNTHD02", unsealed_magic[9] = "RGNTHD01";
constexpr std::uint64_t clean_flag = 1, failed_flag = 2, sealed_flag = 4;
using Slot = std::array<std::uint8_t, slot_bytes>;

void put(Slot& slot, std::size_t at, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) slot[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint64_t take(const Slot& slot, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(slot[at + i]) << (8 * i);
  return value;
}

void put_digest(Slot& slot, std::size_t at, const Sha256Digest& digest) {
  std::memcpy(slot.data() + at, digest.data(), digest.size());
}

Sha256Digest take_digest(const Slot& slot, std::size_t at) {
  Sha256Digest digest{};
  std::memcpy(digest.data(), slot.data() + at, digest.size());
  return digest;
}

bool is_whole(const Slot& slot, const char* with_magic, std::size_t checksum_at) {
  return std::memcmp(slot.data(), with_magic, 8) == 0 &&
         take_digest(slot, checksum_at) == sha256(std::span(slot).first(checksum_at));
}

Slot encode(const Head& head) {
  Slot slot{};
  std::memcpy(slot.data(), magic, 8);
  put(slot, 8, head.generation);
  put(slot, 16, head.sequence);
  put(slot, 24,
      (head.clean ? clean_flag : 0) | (head.ledger_failed ? failed_flag : 0) | (head.seal ? sealed_flag : 0));
  put_digest(slot, 32, head.hash);
  put_digest(slot, 64, head.seal.value_or(Sha256Digest{}));
  put_digest(slot, 96, sha256(std::span(slot).first(96)));
  return slot;
}

std::optional<Head> decode(const Slot& slot) {
  if (!is_whole(slot, magic, 96) && !is_whole(slot, unsealed_magic, 64)) return {};
  Head head;
  head.generation = take(slot, 8);
  head.sequence = take(slot, 16);
  const std::uint64_t flags = take(slot, 24);
  head.clean = (flags & clean_flag) != 0;
  head.ledger_failed = (flags & failed_flag) != 0;
  head.hash = take_digest(slot, 32);
  if ((flags & sealed_flag) != 0) head.seal = take_digest(slot, 64);
  return head;
}

std::optional<Head> read_newest(int file) {
  std::optional<Head> newest;
  for (off_t i = 0; i < 2; ++i) {
    Slot slot{};
    const ssize_t got = ::pread(file, slot.data(), slot.size(), i * slot_distance);
    if (got < static_cast<ssize_t>(unsealed_slot_bytes)) continue;
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
