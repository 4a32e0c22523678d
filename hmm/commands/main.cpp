#include "hmm/commands/hmm_command.hpp"

int main(int argc, char** argv) {
  return regent::hmm::hmm_command(argc, argv);
}
