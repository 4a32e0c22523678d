#pragma once
// One row of the ledger and the chain that ties it to the row before.

#include <cstdint>
#include <string>

#include "base/sha256.hpp"
#include "base/time.hpp"

namespace regent::engine {

struct LedgerRow {
  std::uint64_t sequence = 0;  // from 1, without gaps
  std::string kind;
  TimestampMs stream_ms = 0;
  std::string payload;  // canonical JSON object
  Sha256Digest previous_hash{};
  Sha256Digest hash{};
};

// What stands before the first row: SHA-256 of "regent ledger 1".
Sha256Digest genesis_hash();

// SHA-256 over previous hash, sequence (8 bytes, little-endian) and {"kind":…,"payload":…,"stream_ms":…}.
Sha256Digest hash_of(const Sha256Digest& previous, std::uint64_t sequence, const std::string& kind,
                     TimestampMs stream_ms, const std::string& payload);

}  // namespace regent::engine
