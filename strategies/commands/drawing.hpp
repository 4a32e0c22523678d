#pragma once
// Runs scripts/plots/strategies.py over a folder that a command has written.

#include <filesystem>

namespace regent::strategies {

// Finds the script above the program's own folder, and .venv/bin/python beside it. What it prints goes to
// standard output unless `quiet`. Throws Error with what the script said.
void draw(const std::filesystem::path& folder, bool quiet);

// Throws InputError unless `folder` is a folder, or can be made one. "" is no output.
void check_plot_folder(const std::string& folder);
// Throws InputError unless `out` is FILE.csv or FILE.parquet in a folder that is there. "" is no output.
void check_table_file(const std::string& flag, const std::string& out);

}  // namespace regent::strategies
