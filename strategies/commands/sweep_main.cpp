#include "strategies/commands/sweep_command.hpp"

int main(int argc, char** argv) {
  return regent::strategies::sweep_command(argc, argv);
}
