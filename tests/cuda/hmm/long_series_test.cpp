#include "cuda/hmm/long_series.hpp"

#include <gtest/gtest.h>

#include "cuda/hmm/merged.hpp"
#include "tests/cuda/hmm/expected_counts.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::Generator;
using reference::hardly_forgetting;
using reference::Hierarchy;

// Long enough to be cut: 2 × 32 chunks.
constexpr int bars = 33'000;

// The sequential pass: one more lane, of another length, keeps the batch from being cut.
Counted<double> sequential(const Resources& resources, std::vector<Hierarchy> hierarchies,
                           std::vector<std::vector<double>> series) {
  hierarchies.push_back(hierarchies.front());
  series.emplace_back(series.front().begin(),
                      series.front().begin() + static_cast<std::ptrdiff_t>(hierarchies.front().dimension));
  const TestBatch<double> batch(hierarchies, series);
  EXPECT_EQ(chunks_of(batch.view()), 1);
  return Counted<double>(resources, batch);
}

class LongSeriesOnEvery : public OnEveryDevice {};
REGENT_ON_EVERY_DEVICE(LongSeriesOnEvery);

TEST_P(LongSeriesOnEvery, CountsAndLikelihoodEqualTheSequentialPass) {
  for (std::uint64_t seed : {51, 52, 53}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed);
    const bool flat = seed == 51;
    const Hierarchy h = generator.hierarchy(flat ? 1 : 3, 3, 2),
                    other = generator.hierarchy(flat ? 1 : 3, 3, 2);
    const std::vector<std::vector<double>> series{generator.series(h, bars, seed == 53 ? 0.2 : 0),
                                                  generator.series(other, bars, 0)};
    const TestBatch<double> batch({h, other}, series);
    ASSERT_EQ(chunks_of(batch.view()), 64);
    const Counted<double> truth = sequential(resources(), {h, other}, series);
    expect_close(Counted<double>(resources(), batch), truth, 2, 1e-9);
    const TestBatch<float> in_float({h, other}, series);
    expect_close(Counted<float>(resources(), in_float), truth, 2, 1e-4);
  }
}

TEST_P(LongSeriesOnEvery, AModelThatHardlyForgetsIsCarriedThroughEveryChunk) {
  Generator generator(61);
  const Hierarchy h = hardly_forgetting(generator);
  const std::vector<std::vector<double>> series{generator.series(h, bars, 0)};
  const TestBatch<double> batch({h}, series);
  ASSERT_GT(chunks_of(batch.view()), 1);
  expect_close(Counted<double>(resources(), batch), sequential(resources(), {h}, series), 1, 1e-8);
}

TEST_P(LongSeriesOnEvery, SharedSeriesGivesEveryLaneItsOwnCounts) {
  Generator generator(71);
  const Hierarchy h = generator.hierarchy(2, 2, 2), other = generator.hierarchy(2, 2, 2);
  const std::vector<double> series = generator.series(h, bars, 0.05);
  const TestBatch<double> batch({h, other}, {series, series});
  BatchView<double> view = batch.view();
  view.observations = series.data();
  view.shared = true;
  ASSERT_GT(chunks_of(view), 1);
  expect_close(Counted<double>(resources(), batch, view),
               sequential(resources(), {h, other}, {series, series}), 2, 1e-9);
}

TEST_P(LongSeriesOnEvery, GivesTheSameBitsOnEveryInstructionSetAndCloseOnesOnAGpu) {
  Generator generator(81);
  const Hierarchy h = generator.hierarchy(3, 3, 4);
  const TestBatch<float> batch({h}, {generator.series(h, bars, 0.01)});
  const Counted<float> plain(Resources::make_cpu(InstructionSet::baseline), batch);
  const Counted<float> here(resources(), batch);
  EXPECT_EQ(plain.log_likelihood[0], here.log_likelihood[0]);
  // the CPU cuts the chunks of nine states once more (window_body.hpp), a GPU does not
  const double apart = resources().gpu() == nullptr ? 0 : 2 * merged<float>;
  for (std::size_t row = 0; row < plain.rows; ++row)
    ASSERT_NEAR(plain.count(0, row), here.count(0, row), apart * std::abs(plain.count(0, row)));
}

}  // namespace
}  // namespace regent::cuda::hmm
