// One case of the covariance benchmark, ours and what stands beside it in C++, in turn: one JSON line.
// bench/covariance/compare.py runs it.

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/command_line.hpp"
#include "bench/covariance/eigen_case.hpp"
#include "bench/covariance/rolling_case.hpp"

int main(int argc, char** argv) {
  CLI::App app("covariance benchmark", "bench-covariance");
  regent::bench::EigenCase eigen;
  regent::bench::RollingCase rolling;
  std::string what;
  app.add_option("--case", what, "eigen or rolling")->required();
  app.add_option("--size", eigen.size, "eigen: of a matrix");
  app.add_option("--count", eigen.count, "eigen: matrices");
  app.add_flag("--double", eigen.in_double, "eigen: fp64");
  app.add_flag("--warm", eigen.warm, "eigen: from the decomposition one row before");
  app.add_flag("--gpu", eigen.gpu, "eigen: our kernels beside cuSOLVER's XsyevBatched, on the device alone");
  app.add_option("--values", rolling.file, "rolling: doubles [rows, columns]");
  app.add_option("--rows", rolling.rows, "rolling");
  app.add_option("--columns", rolling.columns, "rolling");
  app.add_option("--window", rolling.window, "rolling");
  int rounds = 3;
  app.add_option("--rounds", rounds, "times each is run, in turn");
  return regent::run_command(app, argc, argv, [&] {
    std::cout << (what == "eigen" ? regent::bench::run_eigen(eigen, rounds)
                                  : regent::bench::run_rolling(rolling, rounds))
              << '\n';
    return 0;
  });
}
