#pragma once
// regent dream.

#include "scenario/commands/dream_cycle.hpp"

namespace regent::scenario {

// Exit code. Throws InputError.
int run_dream_command(const DreamFlags& flags, const PolicyMaker& make_policy);

}  // namespace regent::scenario
