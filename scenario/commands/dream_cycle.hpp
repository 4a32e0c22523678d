#pragma once
// Dreams again and again, as the data go on: regent dream --every.

#include <functional>
#include <memory>

#include "scenario/commands/dream_flags.hpp"
#include "scenario/commands/dream_policy.hpp"

namespace regent::scenario {

// A policy that has seen nothing yet.
using PolicyMaker = std::function<std::unique_ptr<DreamPolicy>()>;

// Reads, fits and dreams anew every `flags.every`, each time into a folder of --out that is named by the last
// bar, and adds what it found to timeline.csv; `flags.cycles` times, or until a stop is asked for. Bars that
// are not there yet are waited for, and from the second time on an input that cannot be read is told and
// tried again. Exit code. Throws InputError.
int run_dream_cycles(const DreamFlags& flags, const PolicyMaker& make_policy);

}  // namespace regent::scenario
