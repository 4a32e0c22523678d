#pragma once
// Everything that the core's behaviour depends on. It is recorded in the ledger at each start, so that a
// replay needs no configuration file.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/gates/governor.hpp"
#include "engine/gates/guardian.hpp"

namespace regent::engine {

struct CoreSettings {
  std::string stream = "default";
  std::vector<std::string> symbols;        // sorted, unique
  double initial_cash = 1'000'000;         // > 0
  double rebalance_band = 0.002;           // fraction of equity below which a trade is not worth its costs
  std::int64_t deadline_ns = 500'000'000;  // how long a decision may take, monotonic
  TimestampMs trade_from_ms =
      std::numeric_limits<TimestampMs>::min();  // bars before are history: no request, no order
  GuardianLimits guardian;
  GovernorLimits governor;
};

}  // namespace regent::engine
