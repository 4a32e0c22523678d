// The E-step of series that are cut in time, as the GPU runs it: its body, lane by lane, on the CPU. The
// device's own results are held against the uncut pass at the end.
#include "cuda/hmm/chunk_body.hpp"

#include <gtest/gtest.h>

#include "tests/cuda/hmm/lane_counts.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::Generator;

constexpr std::int64_t chunk_bars = 256, warm_up_bars = 128;

struct Result : LaneCounts {
  using LaneCounts::LaneCounts;
  int redone = 0;  // chunks of lanes
};

// What expectation_gpu.cu does, one thread after the other.
template <class T, class S, class Emission>
Result cut(const BatchView<T>& view, const T* terminal = nullptr) {
  Result result(view);
  const std::vector<std::uint8_t> active(view.lanes, 1);
  ChunkJob<T> job;
  job.batch = view;
  job.active = active.data();
  job.terminal = terminal;
  job.chunk_bars = chunk_bars;
  job.warm_up_bars = warm_up_bars;
  const std::size_t units = blocks_of(view.lanes) * job.chunks(), states = view.shape.states();
  const T poison = std::numeric_limits<T>::quiet_NaN();
  std::vector<double> counts(units * result.rows * lane_block, poison),
      likelihoods(units * lane_block, poison);
  std::vector<T> seams(4 * units * states * lane_block, poison);
  std::vector<std::uint8_t> redo(units * lane_block, 1);
  constexpr std::size_t places = 3;  // units take turns in them
  ChunkWorkspace<T> workspace = chunk_workspace(job, places);
  std::vector<T> memory(workspace.size(), poison);
  workspace.base = memory.data();
  job.counts = counts.data();
  job.log_likelihood = likelihoods.data();
  T** rows[] = {&job.law_given, &job.law_reached, &job.ahead_given, &job.ahead_reached};
  for (std::size_t i = 0; i < 4; ++i) *rows[i] = &seams[i * units * states * lane_block];
  job.redo = redo.data();
  const SubnormalsAreZero<T> mode;
  const auto for_each_thread = [&](const auto& body) {
    int sum = 0;
    for (std::size_t unit = 0; unit < units; ++unit) {
      for (int i = 0; i < lane_block; ++i)
        sum += body(unit, static_cast<int>(unit / job.chunks()) * lane_block + i) ? 1 : 0;
    }
    return sum;
  };
  int differing = 0, rounds = 0;
  do {
    for_each_thread([&](std::size_t unit, int lane) {
      if (!chunk_wanted(job, unit, lane)) return false;
      run_chunk<T, S, Emission>(job, lane, unit % job.chunks(), workspace, unit % places);
      return true;
    });
    job.again = false;
    differing = for_each_thread([&](std::size_t unit, int lane) { return check_seams(job, unit, lane); });
    job.again = true;
    result.redone += differing;
    if (++rounds > 2 * job.chunks() + 1) {
      ADD_FAILURE() << "the chunks never agree";
      break;
    }
  } while (differing > 0);
  job.again = false;
  for (int lane = 0; lane < static_cast<int>(result.log_likelihood.size()); ++lane) {
    for (std::size_t row = 0; row < result.rows; ++row)
      result.counts[lane_index(lane, row, result.rows)] =
          sum_of_chunks(job, counts.data(), static_cast<std::int64_t>(result.rows), row, lane);
    result.log_likelihood[lane] = sum_of_chunks(job, likelihoods.data(), 1, 0, lane);
  }
  return result;
}
template <class T>
Result cut(const BatchView<T>& view, const T* terminal = nullptr) {
  return view.law == EmissionLaw::student_t ? cut<T, AnyShape, StudentEmission<T, AnyShape>>(view, terminal)
                                            : cut<T, AnyShape, GaussianEmission<T, AnyShape>>(view, terminal);
}

TEST(Chunks, OfAWholeSeriesGiveTheBitsOfTheUncutPass) {
  const Lanes40 nine(201, 3, 3, 4, chunk_bars, 0.02), three(202, 1, 3, 4, chunk_bars - 7, 0);
  const TestBatch<float> hierarchy(nine.hierarchies, nine.series), flat(three.hierarchies, three.series);
  using Nine = FixedShape<3, 3, 4>;
  using Three = FixedShape<1, 3, 4>;
  const auto a = cut<float, Nine, GaussianEmission<float, Nine>>(hierarchy.view());
  const auto b = cut<float, Three, GaussianEmission<float, Three>>(flat.view());
  const auto nine_truth = uncut(hierarchy.view()), three_truth = uncut(flat.view());
  for (int lane = 0; lane < 40; ++lane) {
    expect_same_bits_of_lane(a, nine_truth, lane);
    expect_same_bits_of_lane(b, three_truth, lane);
  }
}

TEST(Chunks, CountAsTheUncutPass) {
  // also with a last chunk of few bars
  for (const auto& [macros, micros, dimension, missing, bars] :
       {std::tuple<int, int, int, double, std::int64_t>{3, 3, 4, 0.0, 1500},
        {1, 3, 4, 0.1, 4 * chunk_bars + 3},
        {2, 2, 3, 0.05, 5 * chunk_bars},
        {1, 5, 1, 0.0, 1400}}) {
    const Lanes40 given(211 + macros * micros, macros, micros, dimension, static_cast<int>(bars), missing);
    const TestBatch<double> batch(given.hierarchies, given.series);
    const LaneCounts truth = uncut(batch.view()), exact = cut(batch.view());
    expect_close(exact, truth, 40, 1e-10);
    const TestBatch<float> in_float(given.hierarchies, given.series);
    const Result close = cut(in_float.view());
    expect_close(close, truth, 40, 1e-4);
    EXPECT_LT(close.redone, 40 * 5 / 4) << "most seams should agree at once";
  }
}

TEST(Chunks, CountInRegistersAsInMemory) {
  using Nine = FixedShape<3, 3, 4>;
  const Lanes40 given(221, 3, 3, 4, 1500, 0.02);
  const TestBatch<float> batch(given.hierarchies, given.series);
  const auto in_registers = cut<float, Nine, GaussianEmission<float, Nine>>(batch.view());
  const auto in_memory = cut(batch.view());
  for (int lane = 0; lane < 40; ++lane) expect_same_bits_of_lane(in_registers, in_memory, lane);
}

TEST(Chunks, OfSeriesOfManyLengthsEndWhereTheSeriesDo) {
  const Lanes40 given(231, 3, 2, 2, 1400, 0.03, true);
  const TestBatch<double> batch(given.hierarchies, given.series);
  expect_close(cut(batch.view()), uncut(batch.view()), 40, 1e-10);
}

TEST(Chunks, OfAModelThatForgetsNothingAreRunAgainUntilTheyAgree) {
  const OneOfThreeHardlyForgets given(241, 1500);
  const TestBatch<double> batch(given.hierarchies, given.series);
  const Result result = cut(batch.view());
  EXPECT_GE(result.redone, 5);
  expect_close(result, uncut(batch.view()), 3, 1e-10);
  const TestBatch<float> in_float(given.hierarchies, given.series);
  expect_close(cut(in_float.view()), uncut(batch.view()), 3, 1e-3);
}

TEST(Chunks, OfOneLaneDoNotChangeABitInAnother) {
  Lanes40 given(251, 3, 3, 4, 1300, 0);
  const TestBatch<float> batch(given.hierarchies, given.series);
  const Result before = cut(batch.view());
  for (double& value : given.hierarchies[3].means) value = std::nan("");
  given.hierarchies[4].micro_transition = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1,
                                           0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  given.hierarchies[4].micro_exit.assign(9, 0);
  given.series[5][40] = std::nan("");
  const TestBatch<float> broken(given.hierarchies, given.series);
  const Result after = cut(broken.view());
  EXPECT_TRUE(std::isnan(after.log_likelihood[3]));
  for (int lane = 0; lane < 40; ++lane) {
    if (lane < 3 || lane > 5) expect_same_bits_of_lane(before, after, lane);
  }
}

TEST(Chunks, SayThatASeriesIsImpossibleWhereOneOfThemIs) {
  // from state 0 no state is reached, so that nothing is possible from bar 1 on
  Generator generator(261);
  Hierarchy h = generator.hierarchy(1, 2, 1), sound = generator.hierarchy(1, 2, 1);
  h.micro_start = {1, 0};
  h.micro_transition = {0, 0, 0, 0};
  const std::vector<double> series = generator.series(sound, 1200, 0);
  const TestBatch<double> batch({sound, h}, {series, series});
  const LaneCounts result = cut(batch.view()), truth = uncut(batch.view());
  EXPECT_EQ(truth.log_likelihood[1], -HUGE_VAL);
  EXPECT_EQ(result.log_likelihood[1], -HUGE_VAL);
  EXPECT_NEAR(result.log_likelihood[0], truth.log_likelihood[0], 1e-10 * std::abs(truth.log_likelihood[0]));
}

TEST(Chunks, OfSharedObservationsBelongToEveryLane) {
  Lanes40 given(271, 2, 2, 2, 1200, 0.05);
  std::fill(given.series.begin(), given.series.end(), given.series.front());
  const TestBatch<double> batch(given.hierarchies, given.series);
  BatchView<double> view = batch.view();
  view.observations = given.series.front().data();
  view.shared = true;
  expect_close(cut(view), uncut(batch.view()), 40, 1e-10);
}

TEST(Chunks, OfStudentStatesHaveTheirScales) {
  Generator generator(281);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 33; ++lane) {
    hierarchies.push_back(generator.hierarchy(1, 3, 3));
    hierarchies.back().dof = {3, 5.5, 40};
    series.push_back(generator.series(hierarchies.back(), 900, 0.1));
  }
  const TestBatch<double> batch(hierarchies, series);
  expect_close(cut(batch.view()), uncut(batch.view()), 33, 1e-10);
}

TEST(Chunks, TakeTheGivenBetaWhereASeriesEnds) {
  expect_terminal_taken(
      291, 1100, [](const BatchView<double>& view, const double* terminal) { return cut(view, terminal); });
}

// Of the device, which cuts every chunk_bars_default bars.
class ChunksOnTheGpu : public testing::Test {
 protected:
  void SetUp() override {
    if (gpu_count() == 0) GTEST_SKIP() << "no GPU on this machine: the CUDA launchers were not run";
  }
};

TEST_F(ChunksOnTheGpu, CountAsTheUncutPass) {
  const Resources gpu = Resources::make("cuda");
  for (const auto& [macros, micros, dimension] : {std::tuple{3, 3, 4}, {1, 3, 4}, {2, 2, 3}}) {
    const Lanes40 given(301 + macros, macros, micros, dimension, 5000, 0.01, true);
    const TestBatch<double> batch(given.hierarchies, given.series);
    const TestBatch<float> in_float(given.hierarchies, given.series);
    const LaneCounts truth = uncut(batch.view());
    expect_close(Counted<double>(gpu, batch), truth, 40, 1e-9);
    expect_close(Counted<float>(gpu, in_float), truth, 40, 1e-4);
  }
}

TEST_F(ChunksOnTheGpu, GiveTheSameBitsInEveryRunAndWhateverOtherLanesHold) {
  const Resources gpu = Resources::make("cuda");
  Lanes40 given(311, 3, 3, 4, 4000, 0);
  const Counted<float> first(gpu, TestBatch<float>(given.hierarchies, given.series));
  const Counted<float> second(gpu, TestBatch<float>(given.hierarchies, given.series));
  expect_same_bits(first, second, 40);
  for (double& value : given.hierarchies[3].means) value = std::nan("");
  const Counted<float> broken(gpu, TestBatch<float>(given.hierarchies, given.series));
  EXPECT_TRUE(std::isnan(broken.log_likelihood[3]));
  const Counted<float> alone(gpu, TestBatch<float>({given.hierarchies[7]}, {given.series[7]}));
  EXPECT_EQ(alone.log_likelihood[0], first.log_likelihood[7]);
  for (std::size_t row = 0; row < first.rows; ++row) {
    ASSERT_EQ(alone.count(0, static_cast<int>(row)), first.count(7, static_cast<int>(row)));
    for (int lane = 0; lane < 40; ++lane) {
      if (lane != 3) {
        ASSERT_EQ(broken.count(lane, static_cast<int>(row)), first.count(lane, static_cast<int>(row)));
      }
    }
  }
}

TEST_F(ChunksOnTheGpu, OfAModelThatForgetsNothingAreRunAgainUntilTheyAgree) {
  const OneOfThreeHardlyForgets given(321, 6000);
  const TestBatch<double> batch(given.hierarchies, given.series);
  expect_close(Counted<double>(Resources::make("cuda"), batch), uncut(batch.view()), 3, 1e-9);
}

}  // namespace
}  // namespace regent::cuda::hmm
