#pragma once
// How much EM needs beyond its input.

#include <nlohmann/json.hpp>

#include "bench/hmm/scenario.hpp"

namespace regent::bench {

// EM (float) over 5,000 series of 10,000 bars, 3×3, D = 4, one iteration: peak resident memory beyond the
// observations, in bytes. quick: 64 series of 1,000 bars.
nlohmann::json measure_memory(bool quick);

}  // namespace regent::bench
