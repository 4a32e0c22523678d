// The E-step of the CPU in windows of time: its kernels, and what the launcher makes of lanes that are apart.
#include "cuda/hmm/window_body.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/cuda/hmm/lane_counts.hpp"

namespace regent::cuda::hmm {
namespace {

template <class T>
const LaneKernels<T>& own_kernels(const BatchView<T>& view) {
  return lane_kernels<T>(Resources::make("cpu").instruction_set(), view.law);
}

template <class T>
struct Windowed : LaneCounts {
  std::vector<std::uint8_t> apart;
  explicit Windowed(const BatchView<T>& view, int groups = 1, const T* terminal = nullptr)
      : LaneCounts(view) {
    static_cast<LaneCounts&>(*this) = counts_of(view, own_kernels(view), true, groups, terminal, &apart);
  }
  int lanes_apart() const { return std::accumulate(apart.begin(), apart.end(), 0); }
};

TEST(Windows, CountAsThePassWithoutThem) {
  // also with a last window of few bars, one of a bar, and one that ends within the warm-up
  for (const auto& [macros, micros, dimension, missing, bars] :
       {std::tuple<int, int, int, double, std::int64_t>{3, 3, 4, 0.0, 1500},
        {1, 3, 4, 0.1, 4 * window_bars(3) + 1},
        {2, 2, 3, 0.05, 3 * window_bars(4)},
        {1, 5, 1, 0.0, 3 * window_bars(5) - window_warm_up_bars / 2}}) {
    SCOPED_TRACE(std::to_string(bars) + " bars");
    const Lanes40 given(411 + macros * micros, macros, micros, dimension, static_cast<int>(bars), missing);
    const TestBatch<double> batch(given.hierarchies, given.series);
    const LaneCounts truth = uncut(batch.view());
    const Windowed<double> exact(batch.view());
    expect_close(exact, truth, 40, 1e-10);
    const TestBatch<float> in_float(given.hierarchies, given.series);
    const Windowed<float> close(in_float.view());
    expect_close(close, truth, 40, 1e-4);
    EXPECT_LT(exact.lanes_apart() + close.lanes_apart(), 4) << "of 128: seams should agree";
  }
}

TEST(Windows, OfLanesOfOneWindowGiveTheBitsOfThePassWithoutThem) {
  // beside lanes of several
  for (const int longest : {static_cast<int>(window_bars(9)), 1400}) {
    const Lanes40 given(421, 3, 3, 4, longest, 0.02, true);
    const TestBatch<float> batch(given.hierarchies, given.series);
    const Windowed<float> result(batch.view());
    const LaneCounts truth = uncut(batch.view());
    int compared = 0;
    for (int lane = 0; lane < 40; ++lane) {
      if (static_cast<std::int64_t>(given.series[lane].size()) > 4 * window_bars(9)) continue;
      expect_same_bits_of_lane(result, truth, lane);
      ++compared;
    }
    EXPECT_GT(compared, 6);
  }
}

TEST(Windows, OfSeriesOfManyLengthsEndWhereTheSeriesDo) {
  const Lanes40 given(431, 3, 2, 2, 1400, 0.03, true);
  const TestBatch<double> batch(given.hierarchies, given.series);
  expect_close(Windowed<double>(batch.view()), uncut(batch.view()), 40, 1e-10);
}

TEST(Windows, OfTwoGroupsSideBySideGiveTheBitsOfEach) {
  const Lanes40 given(441, 3, 3, 4, 900, 0.02, true);
  const TestBatch<float> batch(given.hierarchies, given.series);
  expect_same_bits(Windowed<float>(batch.view(), 2), Windowed<float>(batch.view(), 1), 40);
}

TEST(Windows, TakeTheGivenBetaWhereASeriesEnds) {
  expect_terminal_taken(451, 2300, [](const BatchView<double>& view, const double* terminal) {
    return Windowed<double>(view, 1, terminal);
  });
}

TEST(Windows, OfALaneThatForgetsNothingAreApartAndItIsRunAgain) {
  const OneOfThreeHardlyForgets given(461, 3000);
  const TestBatch<double> batch(given.hierarchies, given.series);
  const LaneCounts truth = uncut(batch.view());
  const Windowed<double> windowed(batch.view());
  EXPECT_EQ(windowed.apart[0], 0);
  EXPECT_EQ(windowed.apart[1], 1);
  EXPECT_EQ(windowed.apart[2], 0);
  const Counted<double> result(Resources::make("cpu"), batch);
  EXPECT_EQ(result.run_again, 1);
  expect_same_bits_of_lane(result, truth, 1);
  expect_same_bits_of_lane(result, windowed, 0);
  expect_same_bits_of_lane(result, windowed, 2);
}

// Many lanes, so that groups go side by side, of which a few hardly forget.
template <class T>
void expect_mended(std::uint64_t seed, const std::vector<double>& dof) {
  reference::Generator generator(seed);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  std::vector<std::uint8_t> active;
  for (int lane = 0; lane < 150; ++lane) {
    hierarchies.push_back(lane % 13 == 5 ? reference::hardly_forgetting(generator)
                                         : generator.hierarchy(1, 3, 1));
    hierarchies.back().dof = dof;
    series.push_back(generator.series(hierarchies.back(), 1500, 0));
    active.push_back(lane % 26 == 18 || lane / 8 == 7 ? 0 : 1);  // some of those, and a group of a pair
  }
  const TestBatch<T> batch(hierarchies, series);
  const Windowed<T> windowed(batch.view());
  const LaneCounts truth = uncut(batch.view());
  const Counted<T> result(Resources::make("cpu"), batch, active);
  int again = 0;
  for (int lane = 0; lane < 150; ++lane) {
    if (active[lane] == 0) continue;
    SCOPED_TRACE(windowed.apart[lane] == 1 ? "apart" : "agreed");
    again += windowed.apart[lane];
    expect_same_bits_of_lane(result, windowed.apart[lane] == 1 ? truth : windowed, lane);
  }
  EXPECT_EQ(result.run_again, again);
  EXPECT_GE(again, 4);
  EXPECT_LE(again, 12);
}

TEST(Windows, OfLanesThatAreApartAreMendedInEveryGroup) {
  expect_mended<double>(491, {});
  expect_mended<float>(492, {});
  expect_mended<double>(493, {4, 7, 30});
}

TEST(Windows, OfALaneGiveTheBitsOfItAlone) {
  const Lanes40 given(501, 3, 3, 4, 1400, 0.02, true);
  const TestBatch<float> batch(given.hierarchies, given.series);
  const Windowed<float> result(batch.view());
  for (const int lane : {12, 25, 38}) {
    const TestBatch<float> one({given.hierarchies[lane]}, {given.series[lane]});
    const Windowed<float> alone(one.view());
    EXPECT_EQ(alone.log_likelihood[0], result.log_likelihood[lane]);
    for (std::size_t row = 0; row < alone.rows; ++row)
      ASSERT_EQ(alone.count(0, row), result.count(lane, row)) << "lane " << lane << ", row " << row;
  }
}

TEST(Windows, OfOneStateAndOfManyCountAsThePassWithoutThem) {
  const Lanes40 one(511, 1, 1, 2, static_cast<int>(window_bars(1)) + 70, 0), many(512, 4, 8, 1, 600, 0.02);
  for (const Lanes40* given : {&one, &many}) {
    const TestBatch<double> batch(given->hierarchies, given->series);
    expect_close(Windowed<double>(batch.view()), uncut(batch.view()), 40, 1e-9);
  }
}

TEST(Windows, OfALaneWithOutliersLeaveTheOthersAlone) {
  // in every state far off, at the first, a middle and the last bar of a pass: that pass begins again
  Lanes40 given(521, 3, 3, 4, 700, 0);
  const Windowed<float> before(TestBatch<float>(given.hierarchies, given.series).view());
  for (const std::size_t bar : {64, 80, 95, 96, 255, 256, 383, 400}) {
    for (std::size_t d = 0; d < 4; ++d) given.series[5][bar * 4 + d] = 60;
  }
  const Windowed<float> after(TestBatch<float>(given.hierarchies, given.series).view());
  for (int lane = 0; lane < 40; ++lane) {
    if (lane != 5) expect_same_bits_of_lane(after, before, lane);
  }
  const TestBatch<double> exact({given.hierarchies[5]}, {given.series[5]});
  expect_close(Windowed<double>(exact.view()), uncut(exact.view()), 1, 1e-9);
  EXPECT_NEAR(after.log_likelihood[5], uncut(exact.view()).log_likelihood[0],
              1e-5 * std::abs(after.log_likelihood[5]));
}

TEST(Windows, OfALaneThatIsLostLeaveTheOthersAlone) {
  Lanes40 given(471, 3, 3, 4, 700, 0);
  const TestBatch<float> batch(given.hierarchies, given.series);
  const Counted<float> before(Resources::make("cpu"), batch);
  for (double& value : given.hierarchies[3].means) value = std::nan("");
  const Counted<float> after(Resources::make("cpu"), TestBatch<float>(given.hierarchies, given.series));
  EXPECT_TRUE(std::isnan(after.log_likelihood[3]));
  EXPECT_EQ(after.run_again, before.run_again);
  for (int lane = 0; lane < 40; ++lane) {
    if (lane != 3) expect_same_bits_of_lane(after, before, lane);
  }
}

TEST(Windows, SayThatASeriesIsImpossibleWhereOneOfThemIs) {
  // from state 0 no state is reached, so that nothing is possible from bar 1 on
  reference::Generator generator(481);
  Hierarchy h = generator.hierarchy(1, 2, 1), sound = generator.hierarchy(1, 2, 1);
  h.micro_start = {1, 0};
  h.micro_transition = {0, 0, 0, 0};
  const std::vector<double> series = generator.series(sound, 4000, 0);
  const TestBatch<double> batch({sound, h}, {series, series});
  const Windowed<double> result(batch.view());
  EXPECT_EQ(result.log_likelihood[1], -HUGE_VAL);
  EXPECT_EQ(result.log_likelihood[0], uncut(batch.view()).log_likelihood[0]);
}

TEST(Windows, ReachBackThroughDensitiesThatAPathNeedsAgain) {
  // states far off: bars are rescued within windows and within their warm-ups
  const TestBatch<double> batch({far_off}, {often_far_off(5000, 50)});
  const Counted<double> result(Resources::make("cpu"), batch);
  expect_close(result, uncut(batch.view()), 1, 1e-9);
}

}  // namespace
}  // namespace regent::cuda::hmm
