// regent covariance

#include <CLI/CLI.hpp>

#include "base/command_line.hpp"
#include "covariance/commands/covariance_command.hpp"

int main(int argc, char** argv) {
  CLI::App app("Estimate and clean covariance matrices, and look at their spectra", "regent-covariance");
  regent::covariance::CovarianceFlags flags;
  regent::covariance::add_covariance_flags(app, flags);
  return regent::run_command(app, argc, argv, [&] { return regent::covariance::run_covariance(flags); });
}
