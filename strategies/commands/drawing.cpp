#include "strategies/commands/drawing.hpp"

#include <unistd.h>

#include <iostream>

#include "base/error.hpp"
#include "base/subprocess.hpp"

namespace regent::strategies {
namespace {

constexpr int drawing_ms_max = 600'000;
constexpr const char* script_path = "scripts/plots/strategies.py";

// The source tree or installation that this program lies in.
std::filesystem::path home_of_scripts() {
  std::error_code error;
  auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (; !folder.empty() && folder != folder.root_path(); folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / script_path, error)) return folder;
  }
  throw Error(std::string("no ") + script_path + " above this program's folder, so there are no pictures");
}

void check_writable(const std::string& what, const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    throw InputError(what + ": " + folder.string() + " is no folder");
  if (::access(folder.c_str(), W_OK) != 0) {
    throw InputError(what + ": nothing can be written into " + folder.string());
  }
}

}  // namespace

void draw(const std::filesystem::path& folder, bool quiet) {
  const auto home = home_of_scripts();
  const auto script = home / script_path;
  const auto own = home / ".venv/bin/python";
  std::error_code error;
  const std::string python = std::filesystem::exists(own, error) ? own.string() : "python3";
  const ProcessResult done = run_process({python, script.string(), folder.string()}, drawing_ms_max);
  if (done.exit_code != 0) {
    throw Error("the pictures were not drawn (" + python + " " + script.string() + " " + folder.string() +
                "; scripts/setup makes .venv with matplotlib):\n" + done.standard_error);
  }
  if (!quiet) std::cout << done.standard_output;
}

void check_plot_folder(const std::string& folder) {
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(folder);
  if (std::filesystem::exists(place, error) && !std::filesystem::is_directory(place, error)) {
    throw InputError("--plots " + folder + ": a file has that name");
  }
  while (!std::filesystem::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  check_writable("--plots " + folder, place);
}

void check_table_file(const std::string& flag, const std::string& out) {
  if (out.empty()) return;
  const std::string what = flag + " " + out;
  if (!out.ends_with(".csv") && !out.ends_with(".parquet")) {
    throw InputError(what + ": the name must end in .csv or .parquet");
  }
  std::error_code error;
  if (std::filesystem::is_directory(out, error)) throw InputError(what + ": a folder has that name");
  const auto folder = std::filesystem::path(out).parent_path();
  check_writable(what, folder.empty() ? "." : folder);
}

}  // namespace regent::strategies
