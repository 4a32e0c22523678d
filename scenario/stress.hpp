#pragma once
// Named stresses that people write down in TOML, laid over any source of scenarios.
//
//   [[stress]]
//   name = "crash_1987"
//   kind = "crisis"
//   at = 20                                   # step, from 0
//   moves = [-0.02, -0.03, -0.05, -0.2047]    # simple returns of the market, one a step
//   volatility = 3                            # times, at the crisis and fading after it
//   half_life = 10
//   spread = 8
//   impact = 4
//
// Entries of one name are laid over each other. Kinds and their keys, beside name, kind and at:
//   crisis           moves; volatility, half_life, spread, impact
//   bear_market      bars, total (a simple return, spread evenly); volatility, spread
//   volatility_spike multiple, half_life
//   liquidity_shock  bars, spread, impact
//   trend_reversal   bars, strength: drifts are times −strength
//   jump_storm       bars, multiple
//   regime           bars, regime (a label of the calibration, or a number)

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/scenario/scenario.hpp"

namespace regent::scenario {

inline constexpr const char* baseline_name = "baseline";  // of what has no stress

struct StressPart {
  std::string kind, regime, origin;  // origin: "stress.toml:3", for messages
  std::int64_t at = 0, bars = 1;
  std::vector<double> moves;
  double volatility = 1, half_life = 0, spread = 1, impact = 1, total = 0, multiple = 1, strength = 1;
};

struct NamedStress {
  std::string name;
  std::vector<StressPart> parts;
};

// In the order of the file. Throws InputError with file and line: no TOML, an unknown kind or key (with the
// nearest known one), a missing key, a value that is none or out of range, a name that no file could have.
std::vector<NamedStress> stresses_from_toml(const std::string& text, const std::string& origin);

// [steps] what the stress does. Parts multiply, market moves add up. Throws InputError for a part that begins
// after the last step, or a regime that is not in `labels`.
std::vector<cuda::scenario::Stress> schedule_of(const NamedStress& stress, int steps,
                                                const std::vector<std::string>& labels);

}  // namespace regent::scenario
