// regent backtest FILE… --strategy NAME --fast 20 …

#include "base/command_line.hpp"
#include "strategies/commands/backtest_command.hpp"

int main(int argc, char** argv) {
  CLI::App app("Trade one strategy on bars: trades, equity, tear sheet", "regent-backtest");
  std::function<int()> body;
  regent::strategies::add_backtest_flags(app, body);
  return regent::run_command(app, argc, argv, [&] { return body(); });
}
