#include "scenario/commands/dream_program.hpp"

int main(int argc, char** argv) {
  return regent::scenario::dream_program(argc, argv);
}
