#include "scenario/commands/dream_program.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "base/command_line.hpp"
#include "base/error.hpp"
#include "scenario/commands/dream_command.hpp"

namespace regent::scenario {
namespace {

// What a bundle decides needs LibTorch, which this program does not map: another one beside it does that.
[[noreturn]] void hand_over(char** argv) {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::string program = (own / "regent-dream-bundle").string();
  ::execv(program.c_str(), argv);
  throw Error("--bundle: there is no " + program +
              "; dreams of a bundle need a build with -DREGENT_TORCH=ON");
}

int run_program(const DreamFlags& flags, char** argv) {
  if (!flags.bundle.empty()) hand_over(argv);
  return run_dream_command(flags, [&flags] { return std::make_unique<SetWeights>(flags.device); });
}

}  // namespace

int dream_program(int argc, char** argv) {
  CLI::App app("Simulate many futures of a portfolio: regimes, jumps, crises, and what breaks it",
               "regent-dream");
  DreamFlags flags;
  add_dream_flags(app, flags);
  return run_command(app, argc, argv, [&] { return run_program(flags, argv); });
}

}  // namespace regent::scenario
