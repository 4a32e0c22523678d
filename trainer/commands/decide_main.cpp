#include "trainer/commands/decide_command.hpp"

int main(int argc, char** argv) {
  return regent::trainer::decide_command(argc, argv);
}
