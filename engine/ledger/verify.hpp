#pragma once
// Is every row as it was written, in its place, and the last one still there?

#include <cstdint>
#include <filesystem>
#include <string>

namespace regent::engine {

struct Verification {
  bool ok = false;
  std::string problem;             // names the row and the reason; empty when ok
  std::uint64_t rows = 0;          // checked
  std::uint64_t anchored = 0;      // sequence of the anchored row
  std::uint64_t after_anchor = 0;  // rows of a transaction that a crash left unanchored; 0 after a clean stop
  bool rows_intact = false;        // also where !ok: bytes outside of them changed
  bool sealed = false;             // the whole file is as a clean stop left it
  std::string head_hash;           // hex, of the last row
};

// Checks the database's structure, its triggers, the sequence numbers, every hash, the anchor, and after a
// clean stop the digest of the whole file. Never throws for a damaged ledger: that is a problem to report.
Verification verify_ledger(const std::filesystem::path& path);

}  // namespace regent::engine
