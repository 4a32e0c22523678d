#include "base/drawing.hpp"

#include <iostream>

#include "base/error.hpp"
#include "base/subprocess.hpp"

namespace regent {
namespace {

constexpr int drawing_ms_max = 600'000;

// The source tree or installation that this program lies in.
std::filesystem::path home_of(const std::string& script) {
  std::error_code error;
  auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (; !folder.empty() && folder != folder.root_path(); folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / "scripts/plots" / script, error)) return folder;
  }
  throw Error("no scripts/plots/" + script + " above this program's folder, so there are no pictures");
}

}  // namespace

void draw(const std::string& script, const std::filesystem::path& folder, bool quiet) {
  const auto home = home_of(script);
  const auto path = home / "scripts/plots" / script;
  const auto own = home / ".venv/bin/python";
  std::error_code error;
  const std::string python = std::filesystem::exists(own, error) ? own.string() : "python3";
  const ProcessResult done = run_process({python, path.string(), folder.string()}, drawing_ms_max);
  if (done.exit_code != 0) {
    throw Error("the pictures were not drawn (" + python + " " + path.string() + " " + folder.string() +
                "; scripts/setup makes .venv with matplotlib):\n" + done.standard_error);
  }
  if (!quiet) std::cout << done.standard_output;
}

}  // namespace regent
