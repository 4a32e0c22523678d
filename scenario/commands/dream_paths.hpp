#pragma once
// Every step of paths as a table: of one (--path), and of a part of the work (--paths).

#include <filesystem>
#include <string>
#include <vector>

#include "market/io/series_file.hpp"
#include "scenario/commands/dream_setup.hpp"

namespace regent::scenario {

// Rows [first, first + count) of what was kept, step by step and path by path: step, regime by name, equity,
// a log return for every symbol, and "weight SYMBOL" for each where weights were kept.
std::vector<market::SeriesColumn> step_columns(const DreamSetup& setup, const cuda::scenario::Paths& kept,
                                               std::int64_t first, std::int64_t count);

// The columns of a file of paths: path, and those above.
std::vector<std::string> path_column_names(const DreamSetup& setup);

// Makes paths [first, end) and writes them as Parquet. Of however many only a piece is in memory: so many log
// returns, or 32 paths where these have more.
void write_paths(const std::filesystem::path& file, const DreamSetup& setup, const cuda::scenario::Task& task,
                 std::int64_t first, std::int64_t end, std::int64_t returns_at_once = 16'000'000);

}  // namespace regent::scenario
