#include "trainer/commands/dream_bundle_command.hpp"

int main(int argc, char** argv) {
  return regent::trainer::dream_bundle_command(argc, argv);
}
