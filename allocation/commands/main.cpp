#include "allocation/commands/allocate_command.hpp"

int main(int argc, char** argv) {
  return regent::allocation::allocate_command(argc, argv);
}
