#pragma once
// The paths of a dream in chunks, each a file of its own, so that a second start goes on where the first
// ended.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scenario/commands/dream_setup.hpp"

namespace regent::scenario {

struct Dreamed {
  std::vector<cuda::scenario::Outcomes> outcomes;  // [stresses], paths 0 … of each
  std::int64_t paths = 0;                          // of each stress
  double seconds = 0;                              // of this start
  std::int64_t made = 0;                           // of this start, over all stresses
  bool interrupted = false;  // by a signal; else the budget ended where paths are missing
};

// Throws InputError where --out holds anything, and no dream.
void check_claim(const DreamFlags& flags);

// The file in a dream's folder that says whose it is.
inline constexpr const char* claim_name = "dream.json";
// What a JSON file of a dream holds: null where there is none, discarded where it is damaged.
nlohmann::json json_in(const std::filesystem::path& file);

// Claims --out for this dream: its dream.json holds the fingerprint. Throws InputError where the folder holds
// another one.
void claim_folder(const DreamFlags& flags, const DreamSetup& setup);

// Writes the law into --calibration where it was fitted, and into --out. After the folder is claimed: where
// --calibration is there and the folder does not know of it, flags of a fit are refused, and a command that
// was killed between the two could not go on.
void keep_law(const DreamFlags& flags, const DreamSetup& setup);

// Runs what is missing, the first paths of every stress first, until all are there, the budget is spent or a
// stop was asked for. Chunks that are there are read.
Dreamed run_dream(const DreamFlags& flags, const DreamSetup& setup);

}  // namespace regent::scenario
