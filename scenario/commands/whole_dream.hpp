#pragma once
// A dream from its first path to report and pictures.

#include "scenario/commands/dream_summary.hpp"

namespace regent::scenario {

struct WholeDream {
  Dreamed dreamed;
  DreamSummary summary;  // of the paths that are there; empty where there are none
};

// Claims --out where it is given, makes the paths that are missing, and writes what they say. Throws
// InputError.
WholeDream dream_whole(const DreamFlags& flags, const DreamSetup& setup);

}  // namespace regent::scenario
