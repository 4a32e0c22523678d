#pragma once
// The state that a ledger stands for: its inputs go through the same core and the same paper venue again, and
// every recorded output must come out again, byte for byte. Recovery and `regent ledger replay` are this one
// walk.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>

#include "engine/core/core.hpp"
#include "engine/ledger/event_json.hpp"
#include "engine/ledger/row.hpp"
#include "engine/venues/paper.hpp"

namespace regent::engine {

class Rebuild {
 public:
  // Keeps the last bars_max bars in `bars`.
  explicit Rebuild(std::size_t bars_max = 0) : bars_max_(bars_max) {}

  // Throws InputError naming the row when it does not follow from the rows before.
  void apply(const LedgerRow& row);
  // After the last row: nothing recorded is without its cause, nothing that had to follow is missing. Throws
  // InputError.
  void finish();

  Core core;
  PaperVenue venue;
  std::deque<Bar> bars;
  std::uint64_t inputs = 0, outputs = 0;  // rows compared
  std::uint64_t rows = 0;

  // What the venue said and the ledger does not hold yet: the engine ended between the two.
  const std::deque<OrderUpdate>& unrecorded() const { return produced_; }

 private:
  void apply_input(const LedgerRow& row);
  void apply_output(const LedgerRow& row);
  void follow(const Started& event);
  void match_updates(std::uint64_t sequence);

  std::size_t bars_max_;
  std::deque<RowContent> expected_;  // outputs of the last input that are still to be read
  std::deque<OrderUpdate> produced_, recorded_;
};

// Reads the whole ledger. Throws InputError.
Rebuild rebuild(const std::filesystem::path& ledger, std::size_t bars_max = 0);

}  // namespace regent::engine
