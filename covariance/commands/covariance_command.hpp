#pragma once
// regent covariance: flags in, matrices out.

#include <CLI/CLI.hpp>
#include <string>

#include "covariance/commands/estimate.hpp"
#include "covariance/commands/input.hpp"

namespace regent::covariance {

struct CovarianceFlags {
  SourceFlags source;
  MethodFlags method;
  std::string out, plots, weights;
  int every = 1;  // with --out of rolling and ewma: every how many rows
};

void add_covariance_flags(CLI::App& app, CovarianceFlags& flags);
int run_covariance(const CovarianceFlags& flags);  // exit code

}  // namespace regent::covariance
