#include "strategies/commands/backtest_command.hpp"

int main(int argc, char** argv) {
  return regent::strategies::backtest_command(argc, argv);
}
