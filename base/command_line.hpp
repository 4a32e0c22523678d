#pragma once
// What every command shares: --config, --set key=value, --log-level, --json where it applies, exit codes.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/config/config.hpp"

namespace regent {

// 0 success, 1 failure inside (Error), 2 wrong input or usage (InputError), 130 interrupted.
inline constexpr int exit_failure = 1;
inline constexpr int exit_input = 2;
inline constexpr int exit_interrupted = 130;

struct CommonFlags {
  std::string config_file;
  std::vector<std::string> settings;  // "key=value"
  std::string log_level = "info";
};

void add_common_flags(CLI::App& app, CommonFlags& flags);
// `extra`: a command's own flags as keys (for example "serving.endpoint"), stronger than --set.
Config load_config(const CommonFlags& flags, const std::map<std::string, std::string>& extra = {});

// The names of a flag such as --symbols A,B; empty ones are left out.
std::vector<std::string> split_names(const std::string& list);

// For a flag that says something only beside another. Throws InputError "FLAG is for WHAT" where it is given
// and does not fit.
void refuse_unless(bool given, bool fits, const std::string& flag, const std::string& what);

// Type names of files that a command writes. run_command refuses one that another flag names too: what is
// to be read would be lost, or what is written first.
inline constexpr const char* written_table = "FILE.csv|FILE.parquet";
inline constexpr const char* written_model = "FILE.json|FILE.safetensors";
inline constexpr const char* written_metrics = "FILE.prom";

// Throws InputError naming both flags where two of them name the same file (or will) and `out` is written.
void refuse_same_file(const std::string& out_flag, const std::string& out, const std::string& flag,
                      const std::string& file);
// The same of a file that no flag names, beside all files that the flags of this run say are written.
void refuse_written(const std::string& what, const std::string& file);

// Parses, runs, and turns exceptions into one clear line on standard error and an exit code.
int run_command(CLI::App& app, int argc, char** argv, const std::function<int()>& body);

}  // namespace regent
