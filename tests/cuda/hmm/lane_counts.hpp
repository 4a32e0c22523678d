#pragma once
// Expected counts straight from the lane kernels of the CPU, and series for passes that are cut in time.

#include "cuda/hmm/lane_kernels.hpp"
#include "tests/cuda/hmm/expected_counts.hpp"

namespace regent::cuda::hmm {

// Groups go `groups` side by side. apart: [padded lanes], where windows do not agree.
template <class T>
LaneCounts counts_of(const BatchView<T>& view, const LaneKernels<T>& kernels, bool windows, int groups = 1,
                     const T* terminal = nullptr, std::vector<std::uint8_t>* apart = nullptr) {
  LaneCounts result(view);
  const std::vector<std::uint8_t> active(view.lanes, 1);
  std::vector<std::uint8_t> found(result.log_likelihood.size(), 0);
  ExpectationJob<T> job;
  job.batch = view;
  job.active = active.data();
  job.counts = result.counts.data();
  job.log_likelihood = result.log_likelihood.data();
  job.terminal = terminal;
  job.windows = windows;
  job.apart = found.data();
  Aligned<T> workspace(expectation_workspace_rows(view, groups) * kernels.width,
                       std::numeric_limits<T>::quiet_NaN());
  const SubnormalsAreZero<T> mode;
  const int all = static_cast<int>(result.log_likelihood.size()) / kernels.width;
  for (int group = 0; group < all; group += groups) kernels.expectation(job, group, groups, workspace.data());
  if (apart != nullptr) *apart = found;
  return result;
}

// The pass over whole series, which expectation_test.cpp holds against sums over every path.
template <class T>
LaneCounts uncut(const BatchView<T>& view, const T* terminal = nullptr) {
  return counts_of(view, lane_kernels<T>(InstructionSet::baseline, view.law), false, 1, terminal);
}

struct Lanes40 {
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  Lanes40(std::uint64_t seed, int macros, int micros, int dimension, int bars, double missing,
          bool differ = false) {
    reference::Generator generator(seed);
    for (int lane = 0; lane < 40; ++lane) {
      hierarchies.push_back(generator.hierarchy(macros, micros, dimension));
      series.push_back(generator.series(hierarchies.back(), differ ? 1 + bars * lane / 39 : bars, missing));
    }
  }
};

// counts_with(view, terminal): of a pass that is cut in time, which must take the β that it is given where a
// series ends.
template <class CountsWith>
void expect_terminal_taken(std::uint64_t seed, int bars, const CountsWith& counts_with) {
  const Lanes40 given(seed, 1, 3, 2, bars, 0, true);
  const TestBatch<double> batch(given.hierarchies, given.series);
  std::vector<double> terminal(batch.padded() * 3);
  for (std::size_t i = 0; i < terminal.size(); ++i) terminal[i] = i / 32 % 3 == 0 ? 1.0 : 0.01;
  const LaneCounts plain = uncut(batch.view()), truth = uncut(batch.view(), terminal.data());
  expect_close(counts_with(batch.view(), terminal.data()), truth, 40, 1e-10);
  const CountLayout<AnyShape> layout{truth.shape};
  EXPECT_GT(std::abs(truth.count(39, layout.weight(0)) - plain.count(39, layout.weight(0))), 1e-4);
}

struct OneOfThreeHardlyForgets {
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  OneOfThreeHardlyForgets(std::uint64_t seed, int bars) {
    reference::Generator generator(seed);
    for (int lane = 0; lane < 3; ++lane) {
      hierarchies.push_back(lane == 1 ? reference::hardly_forgetting(generator)
                                      : generator.hierarchy(1, 3, 1));
      series.push_back(generator.series(hierarchies.back(), bars, 0));
    }
  }
};

}  // namespace regent::cuda::hmm
