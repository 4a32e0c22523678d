#pragma once
// What of a dream's flags is wrong whatever the data are.

#include "scenario/commands/dream_flags.hpp"

namespace regent::scenario {

// Numbers in range, flags that say something beside the others, places that can be written: asked before
// anything is read. Throws InputError naming flag and value.
void check_flags(const DreamFlags& flags);

}  // namespace regent::scenario
