#pragma once
// The stream's bars, for sending them again: the newest in memory, the older ones in the ledger.

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/core/bar.hpp"
#include "engine/ledger/database.hpp"
#include "serving/wire/messages.hpp"

namespace regent::engine {

class BarStore {
 public:
  explicit BarStore(std::size_t memory_bars) : memory_bars_(memory_bars) {}

  void add(Bar bar);
  // Bars first..last (sequence numbers, from 1, inclusive) as the wire wants them. `ledger` is read for what
  // is not in memory any more. Throws Error when a bar is in neither.
  wire::Bars range(std::uint64_t first, std::uint64_t last, Database& ledger) const;
  const Bar* find(TimestampMs timestamp_ms) const;  // in memory
  const std::deque<Bar>& in_memory() const { return bars_; }

 private:
  std::size_t memory_bars_;
  std::deque<Bar> bars_;
};

}  // namespace regent::engine
