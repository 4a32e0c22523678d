#pragma once
// Asks a running server again for every decision of a ledger, under a new stream name, and compares bit for
// bit.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "serving/wire/messages.hpp"

namespace regent::engine {

struct DecisionReplay {
  std::uint64_t bars = 0, compared = 0, equal = 0;
  std::string difference;  // of the first decision that is not equal; empty when all are
};

// send gives a request to the server and returns its reply. Throws InputError for a damaged ledger or when
// the server refuses a bar. Latency and compute time are observations and not compared.
DecisionReplay replay_decisions(const std::filesystem::path& ledger, const std::string& stream,
                                const std::function<wire::DecisionReply(const wire::DecisionRequest&)>& send);

}  // namespace regent::engine
