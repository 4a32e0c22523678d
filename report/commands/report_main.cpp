#include "report/commands/report_command.hpp"

int main(int argc, char** argv) {
  return regent::report::report_command(argc, argv);
}
