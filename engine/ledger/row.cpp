#include "engine/ledger/row.hpp"

namespace regent::engine {

Sha256Digest genesis_hash() {
  return sha256(std::string_view("regent ledger 1"));
}

Sha256Digest hash_of(const Sha256Digest& previous, std::uint64_t sequence, const std::string& kind,
                     TimestampMs stream_ms, const std::string& payload) {
  std::string bytes(previous.begin(), previous.end());
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((sequence >> shift) & 0xFF);
  bytes += R"({"kind":")";
  bytes += kind;
  bytes += R"(","payload":)";
  bytes += payload;
  bytes += R"(,"stream_ms":)";
  bytes += std::to_string(stream_ms);
  bytes += '}';
  return sha256(std::string_view(bytes));
}

}  // namespace regent::engine
