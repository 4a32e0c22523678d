#pragma once
// The head of the chain, anchored outside the database in `<ledger>.head`, so that a cut tail shows. Two
// slots of fixed size are written in turn, each with its own checksum: a torn write leaves the other one
// whole.

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/sha256.hpp"

namespace regent::engine {

struct Head {
  std::uint64_t generation = 0;  // grows with each write
  std::uint64_t sequence = 0;    // of the last committed row
  Sha256Digest hash{};           // of that row
  bool clean = false;            // the writer closed the ledger after this row: nothing may follow it
  bool ledger_failed = false;    // the writer could not write the database any more: HALTED until re-armed
  // SHA-256 of the whole database file at a clean end: bytes that belong to no row are in no row's hash.
  std::optional<Sha256Digest> seal;
};

std::filesystem::path head_path(const std::filesystem::path& ledger);

// The valid slot of the highest generation. Nothing when the file does not exist, or is empty as a crash
// right after its creation leaves it. Throws InputError when it holds something and no slot is valid.
std::optional<Head> read_head(const std::filesystem::path& ledger);

class HeadFile {
 public:
  // Creates the file (both slots allocated) when it does not exist.
  explicit HeadFile(const std::filesystem::path& ledger);
  ~HeadFile();
  HeadFile(const HeadFile&) = delete;
  HeadFile& operator=(const HeadFile&) = delete;

  const Head& head() const { return head_; }
  // Writes the older slot; `sync`: to the disk, else to the kernel, which survives the process. Throws Error.
  void write(Head head, bool sync);

 private:
  std::filesystem::path path_;
  int file_ = -1;
  Head head_;
};

}  // namespace regent::engine
