#pragma once
// Why one bar ended as it did, told from its ledger for people.

#include <cstdint>
#include <filesystem>
#include <string>

namespace regent::engine {

// sequence: the bar's number in the stream. Throws InputError when the ledger holds no decision about it.
std::string explain_decision(const std::filesystem::path& ledger, std::uint64_t sequence);

}  // namespace regent::engine
