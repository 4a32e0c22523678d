// regent allocate

#include <CLI/CLI.hpp>

#include "allocation/commands/allocate_command.hpp"
#include "base/command_line.hpp"

int main(int argc, char** argv) {
  CLI::App app("Turn convictions into weights of a target volatility, and say what they risk",
               "regent-allocate");
  regent::allocation::AllocateFlags flags;
  regent::allocation::add_allocate_flags(app, flags);
  return regent::run_command(app, argc, argv, [&] { return regent::allocation::run_allocate(flags); });
}
