// regent sweep FILE… --strategy NAME|all --grid fast=5:100:5,slow=20:200:10

#include "base/command_line.hpp"
#include "strategies/commands/sweep_command.hpp"

int main(int argc, char** argv) {
  CLI::App app("Try every combination of a grid of strategy parameters, and say how much of the best is luck",
               "regent-sweep");
  std::function<int()> body;
  regent::strategies::add_sweep_flags(app, body);
  return regent::run_command(app, argc, argv, [&] { return body(); });
}
