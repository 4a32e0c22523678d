#pragma once
// A calibration as JSON ("format": "regent-scenario/4"; "/3", without own_volatility and now_own_variance,
// "/2", without now_variance too, and "/1", without idiosyncratic_dof too, are read as well), with every
// number in the fewest digits that give the same double back; docs/commands/dream.md describes the form.

#include <string>

#include "scenario/calibration.hpp"

namespace regent::scenario {

std::string calibration_to_json(const Calibration& calibration);
// Throws InputError naming origin and key: malformed text, an unknown key (with the nearest known one), a
// missing one, a wrong kind or size, and whatever cuda::scenario::validate refuses.
Calibration calibration_from_json(const std::string& text, const std::string& origin);

}  // namespace regent::scenario
