#pragma once
// Runs one of scripts/plots over a folder that a command has written.

#include <filesystem>
#include <string>

namespace regent {

// Finds scripts/plots/<script> above the program's own folder, and .venv/bin/python beside it. What it prints
// goes to standard output unless `quiet`. Throws Error with what the script said, or how to run it by hand.
void draw(const std::string& script, const std::filesystem::path& folder, bool quiet);

}  // namespace regent
