// What a group keeps between its way forward and its way back (KeptSpan) changes no bit of the posteriors.
#include <gtest/gtest.h>

#include "cuda/hmm/lane_kernels.hpp"
#include "tests/cuda/hmm/batch.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::Generator;

template <class T>
std::vector<T> posteriors_of(const BatchView<T>& view, const LaneKernels<T>& kernels, const KeptSpan& kept) {
  const std::size_t padded = blocks_of(view.lanes) * lane_block;
  std::vector<T> posteriors(padded * view.steps * view.shape.states());
  std::vector<double> log_likelihood(padded);
  const SmoothJob<T> job{view, posteriors.data(), log_likelihood.data(), nullptr, kept};
  Aligned<T> workspace(both_ways_workspace_rows(view, kept) * kernels.width);
  const SubnormalsAreZero<T> mode;
  for (int group = 0; group < groups_of(view.lanes, kernels.width); ++group)
    kernels.smooth(job, group, workspace.data());
  return posteriors;
}

template <class T>
void expect_no_difference(const TestBatch<T>& batch) {
  const BatchView<T> view = batch.view();
  const LaneKernels<T>& kernels = lane_kernels<T>(Resources::make("cpu").instruction_set(), view.law);
  const std::int64_t all = whole_span(view);
  const std::vector<T> posteriors = posteriors_of(view, kernels, {all, all});
  for (const KeptSpan& kept : {KeptSpan{64, 64}, KeptSpan{64, all}, KeptSpan{192, 192}, KeptSpan{192, all}}) {
    SCOPED_TRACE(std::to_string(kept.segment) + " and " + std::to_string(kept.densities) + " bars kept");
    ASSERT_EQ(posteriors_of(view, kernels, kept), posteriors);
  }
}

TEST(KeptSpan, ChangesNoBitWhereFeaturesAreMissing) {
  Generator generator(401);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 19; ++lane) {
    hierarchies.push_back(generator.hierarchy(3, 3, 4));
    series.push_back(generator.series(hierarchies.back(), 700 - 7 * lane, lane % 3 == 0 ? 0.05 : 0));
  }
  expect_no_difference(TestBatch<float>(hierarchies, series));
  expect_no_difference(TestBatch<double>(hierarchies, series));
}

TEST(KeptSpan, ChangesNoBitWhereTheReachableStatesWereFarOff) {
  expect_no_difference(TestBatch<float>({far_off}, {often_far_off(1000, 50)}));
  expect_no_difference(TestBatch<double>({far_off}, {often_far_off(1000, 50)}));
}

}  // namespace
}  // namespace regent::cuda::hmm
