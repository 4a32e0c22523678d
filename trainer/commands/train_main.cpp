#include "trainer/commands/train_command.hpp"

int main(int argc, char** argv) {
  return regent::trainer::train_command(argc, argv);
}
