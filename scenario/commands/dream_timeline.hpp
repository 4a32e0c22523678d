#pragma once
// What dreams said of a portfolio as its data went on: timeline.csv, a row per dream and scenario.

#include <filesystem>

#include "scenario/commands/dream_summary.hpp"

namespace regent::scenario {

// Whether it has rows of a dream of the data up to `until`. Throws InputError where it is there and is no
// timeline.
bool in_timeline(const std::filesystem::path& file, TimestampMs until);

// Adds the rows of a dream of the data up to `until`, in the place of those of the same time; rows lie in
// the order of time. The file is replaced whole. Throws InputError as above.
void add_to_timeline(const std::filesystem::path& file, TimestampMs until, const DreamSetup& setup,
                     const DreamSummary& summary);

}  // namespace regent::scenario
