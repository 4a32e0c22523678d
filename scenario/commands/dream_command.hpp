#pragma once
// regent dream.

#include "scenario/commands/dream_flags.hpp"
#include "scenario/commands/dream_policy.hpp"

namespace regent::scenario {

// Exit code. Throws InputError.
int run_dream_command(const DreamFlags& flags, DreamPolicy& policy);

}  // namespace regent::scenario
