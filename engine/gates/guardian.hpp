#pragma once
// First gate: is the system healthy enough to trade? Pure.

#include <cstdint>

#include "base/time.hpp"
#include "engine/gates/snapshot.hpp"
#include "engine/gates/verdict.hpp"

namespace regent::engine {

enum class HaltAction : std::uint8_t { hold_positions, flatten };
const char* to_text(HaltAction action);

struct GuardianLimits {
  double reduce_drawdown = 0.05;                 // REDUCING from here
  double halt_drawdown = 0.15;                   // HALTED from here
  TimestampMs data_age_max_ms = 0;               // age of a symbol's price; 0: it must be of the last bar
  TimestampMs bar_gap_max_ms = 10 * day_ms;      // a longer step between bars is a hole in the data: HOLD
  TimestampMs bundle_age_max_ms = 400 * day_ms;  // since the last bar that the bundle learnt from
  bool allow_bundle_from_future = false;         // a bundle that learnt from bars the stream has not seen yet
  HaltAction halt_action = HaltAction::hold_positions;
};

// Reducing orders pass everything but HALTED and their own malformation; in HALTED only the halt action
// itself passes.
Verdict guardian_verdict(double quantity, const GateSnapshot& snapshot, const GuardianLimits& limits);

}  // namespace regent::engine
