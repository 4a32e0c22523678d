#pragma once
// regent dream.

#include "scenario/commands/dream_flags.hpp"

namespace regent::scenario {

// Exit code. Throws InputError.
int run_dream_command(const DreamFlags& flags);

}  // namespace regent::scenario
