// regent dream

#include <CLI/CLI.hpp>

#include "base/command_line.hpp"
#include "scenario/commands/dream_command.hpp"

int main(int argc, char** argv) {
  CLI::App app("Simulate many futures of a portfolio: regimes, jumps, crises, and what breaks it",
               "regent-dream");
  regent::scenario::DreamFlags flags;
  regent::scenario::add_dream_flags(app, flags);
  return regent::run_command(app, argc, argv, [&] { return regent::scenario::run_dream_command(flags); });
}
