#include "hmm/commands/drawing.hpp"

#include <iostream>

#include "base/error.hpp"
#include "base/subprocess.hpp"

namespace regent::hmm {
namespace {

constexpr int drawing_ms_max = 600'000;

// The source tree or installation that this program lies in.
std::filesystem::path home_of_scripts() {
  std::error_code error;
  auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (; !folder.empty() && folder != folder.root_path(); folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / "scripts/plots/hmm.py", error)) return folder;
  }
  throw Error("no scripts/plots/hmm.py above this program's folder, so there are no pictures");
}

}  // namespace

void draw(const std::filesystem::path& folder, bool quiet) {
  const auto home = home_of_scripts();
  const auto script = home / "scripts/plots/hmm.py";
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

}  // namespace regent::hmm
