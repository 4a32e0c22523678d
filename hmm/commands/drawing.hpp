#pragma once
// Runs scripts/plots/hmm.py over a folder that a verb has written.

#include <filesystem>

namespace regent::hmm {

// Finds the script above the program's own folder, and .venv/bin/python beside it. What it prints goes to
// standard output unless `quiet`. Throws Error with what the script said, or how to run it by hand.
void draw(const std::filesystem::path& folder, bool quiet);

}  // namespace regent::hmm
