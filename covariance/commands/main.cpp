#include "covariance/commands/covariance_command.hpp"

int main(int argc, char** argv) {
  return regent::covariance::covariance_command(argc, argv);
}
