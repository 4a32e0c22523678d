#pragma once
// The engine's configuration as plain values.

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/config/config.hpp"
#include "engine/core/settings.hpp"
#include "engine/ledger/writer.hpp"
#include "engine/venues/paper.hpp"

namespace regent::engine {

struct SessionSettings {
  CoreSettings core;  // its symbols come from the feed
  PaperSettings paper;
  bool live = false;  // a live feed: an unanswered request of an earlier process is late, not asked again
  std::int64_t warmup_deadline_ns = 60'000'000'000;
  std::int64_t connect_timeout_ns = 10'000'000'000;
  std::int64_t heartbeat_ns = 1'000'000'000;
  std::int64_t heartbeat_lost_ns = 3'000'000'000;
  std::int64_t pace_ns = 0;
  std::size_t memory_bars = 20'000;
};

// limits_file: TOML with [guardian] and [governor] only, stronger than `config` for the keys that it sets;
// empty: none. Throws InputError.
SessionSettings session_settings(const Config& config, const std::filesystem::path& limits_file);
LedgerSettings ledger_settings(const Config& config);

}  // namespace regent::engine
