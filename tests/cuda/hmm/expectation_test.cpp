#include "cuda/hmm/expectation.hpp"

#include <gtest/gtest.h>
#include <tbb/task_arena.h>

#include "cuda/hmm/long_series.hpp"
#include "tests/cuda/hmm/expected_counts.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::Generator;

class ExpectedCounts : public OnEveryDevice {
 protected:
  // The GPU cuts long series in time, where it differs from the CPU by rounding.
  void expect_alike(const Counted<double>& a, const Counted<double>& b, int lanes) const {
    if (GetParam() != Device::gpu) return expect_same_bits(a, b, lanes);
    for (int lane = 0; lane < lanes; ++lane) {
      EXPECT_NEAR(a.log_likelihood[lane], b.log_likelihood[lane], 1e-9 * std::abs(b.log_likelihood[lane]));
      for (std::size_t row = 0; row < a.rows; ++row) {
        const double count = b.count(lane, static_cast<int>(row));
        ASSERT_NEAR(a.count(lane, static_cast<int>(row)), count, 1e-9 * (10 + std::abs(count)))
            << "lane " << lane << ", row " << row;
      }
    }
  }
};
REGENT_ON_EVERY_DEVICE(ExpectedCounts);

TEST_P(ExpectedCounts, EqualEveryPathSummedByHand) {
  const Resources resources = this->resources();
  const int shapes[][4] = {{1, 2, 2, 8}, {1, 3, 4, 6}, {3, 3, 4, 4},
                           {2, 2, 1, 6}, {3, 2, 3, 4}, {2, 3, 5, 4}};
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto& [macros, micros, dimension, steps] = shapes[seed % 6];
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed + 1000);
    std::vector<Hierarchy> hierarchies;
    std::vector<std::vector<double>> series;
    for (int lane = 0; lane < 4; ++lane) {
      hierarchies.push_back(generator.hierarchy(macros, micros, dimension, lane == 2));
      series.push_back(
          generator.series(hierarchies.back(), lane == 1 ? 1 : steps - lane % 2, seed > 6 ? 0.4 : 0));
    }
    const Counted<double> exact(resources, TestBatch<double>(hierarchies, series));
    for (int lane = 0; lane < 4; ++lane) {
      SCOPED_TRACE("lane " + std::to_string(lane));
      expect_counts(exact, lane, hierarchies[lane], series[lane], 1e-10);
    }
    const Counted<float> in_float(resources, TestBatch<float>(hierarchies, series));
    for (std::size_t i = 0; i < exact.counts.size(); ++i) {
      if (i % 32 >= 4) continue;
      EXPECT_NEAR(in_float.counts[i], exact.counts[i], 1e-3 * (1 + std::abs(exact.counts[i])));
    }
  }
}

TEST_P(ExpectedCounts, FloatStaysCloseToDoubleOverALongSeries) {
  for (const auto& [macros, micros] : {std::pair{1, 3}, std::pair{3, 3}}) {
    Generator generator(31);
    const Hierarchy h = generator.hierarchy(macros, micros, 4);
    const std::vector<double> series = generator.series(h, 20000, 0);
    const Counted<double> exact(resources(), TestBatch<double>({h}, {series}));
    const Counted<float> in_float(resources(), TestBatch<float>({h}, {series}));
    EXPECT_NEAR(in_float.log_likelihood[0], exact.log_likelihood[0],
                1e-5 * std::abs(exact.log_likelihood[0]));
    double total = 0;
    const CountLayout<AnyShape> layout{exact.shape};
    for (int k = 0; k < h.states(); ++k) total += exact.count(0, layout.weight(k));
    EXPECT_NEAR(total, 20000, 1e-6);
    for (std::size_t row = 0; row < exact.rows; ++row) {
      EXPECT_NEAR(in_float.count(0, row), exact.count(0, row), 1e-4 * (10 + std::abs(exact.count(0, row))));
    }
  }
}

// Of dimensions that are compiled for and of one that is not. A product of two features, not of their
// differences, or a difference of two sums would leave nothing of this spread in float.
TEST_P(ExpectedCounts, KeepTheSpreadOfATightStateFarFromTheCentre) {
  for (const int dimension : {1, 4, 7}) {
    for (const double missing : {0.0, 0.1}) {
      SCOPED_TRACE("dimension " + std::to_string(dimension) + ", missing " + std::to_string(missing));
      Generator generator(53);
      Hierarchy h = generator.hierarchy(1, 2, dimension);
      h.micro_start = {0.5, 0.5};
      h.micro_transition = {0.9, 0.1, 0.2, 0.8};
      for (int d = 0; d < dimension; ++d) {
        h.means[d] = d % 2 == 0 ? 5.3 : -4.7;
        h.means[dimension + d] = 0;
        for (int c = 0; c < dimension; ++c) h.covariances[d * dimension + c] *= 1e-5;
      }
      std::vector<double> series;
      for (int t = 0; t < 3000; ++t) {
        for (int d = 0; d < dimension; ++d) {
          const double value = t % 20 < 7 ? h.means[d] + 3e-3 * generator.normal() : generator.normal();
          series.push_back(generator.uniform(0, 1) < missing ? std::nan("") : value);
        }
      }
      const Counted<double> exact(resources(), TestBatch<double>({h}, {series}));
      const Counted<float> in_float(resources(), TestBatch<float>({h}, {series}));
      const CountLayout<AnyShape> layout{exact.shape};
      ASSERT_GT(exact.count(0, layout.weight(0)), 500);
      for (int r = 0; r < dimension; ++r) {
        for (int c = 0; c <= r; ++c) {
          const int row = layout.second(0, triangle(r, c));
          const double size = std::sqrt(exact.count(0, layout.second(0, triangle(r, r))) *
                                        exact.count(0, layout.second(0, triangle(c, c))));
          EXPECT_NEAR(in_float.count(0, row), exact.count(0, row), 2e-3 * size) << r << ", " << c;
        }
      }
    }
  }
}

// Beside a lane that ends early a lane goes through the careful way back; densities of its second state lie
// about where float's numbers end.
TEST_P(ExpectedCounts, AreTheSameBitsBesideAShortLaneWhereDensitiesVanish) {
  for (double far = 12.4; far < 13.6; far += 0.05) {
    SCOPED_TRACE("state at " + std::to_string(far));
    Generator generator(59);
    Hierarchy h = generator.hierarchy(1, 2, 1);
    h.micro_start = {0.5, 0.5};
    h.micro_transition = {0.6, 0.4, 0.3, 0.7};
    h.means = {0, far};
    h.covariances = {1, 1};
    std::vector<double> series;
    for (int t = 0; t < 200; ++t) series.push_back(0.1 * generator.normal());
    const std::vector<double> few(series.begin(), series.begin() + 20);
    const Counted<float> together(resources(), TestBatch<float>({h, h}, {series, few}));
    const Counted<float> alone(resources(), TestBatch<float>({h}, {series}));
    expect_same_bits_of_lane(together, alone, 0);
  }
}

TEST_P(ExpectedCounts, DoNotChangeABitInOtherLanesWhenOneIsBrokenOrIdle) {
  Generator generator(37);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 20; ++lane) {
    hierarchies.push_back(generator.hierarchy(3, 3, 4));
    series.push_back(generator.series(hierarchies.back(), 150, 0));
  }
  const Counted<float> before(resources(), TestBatch<float>(hierarchies, series));
  for (double& value : hierarchies[3].means) value = std::nan("");
  series[4][40] = std::nan("");
  const Counted<float> after(resources(), TestBatch<float>(hierarchies, series));
  for (int lane = 0; lane < 20; ++lane) {
    if (lane == 3 || lane == 4) continue;
    for (std::size_t row = 0; row < before.rows; ++row) {
      ASSERT_EQ(before.count(lane, row), after.count(lane, row)) << "lane " << lane << ", row " << row;
    }
  }
  EXPECT_TRUE(std::isnan(after.log_likelihood[3]));
}

TEST_P(ExpectedCounts, GiveTheSameBitsOnEveryInstructionSetAndEveryRun) {
  Generator generator(41);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 11; ++lane) {
    hierarchies.push_back(generator.hierarchy(2, 3, 3));
    series.push_back(generator.series(hierarchies.back(), 200 - lane, lane % 4 == 0 ? 0.1 : 0));
  }
  const Counted<float> plain(Resources::make_cpu(InstructionSet::baseline),
                             TestBatch<float>(hierarchies, series));
  const Counted<float> first(resources(), TestBatch<float>(hierarchies, series));
  const Counted<float> second(resources(), TestBatch<float>(hierarchies, series));
  expect_same_bits(plain, first, 11);
  expect_same_bits(first, second, 11);
}

TEST_P(ExpectedCounts, OfManyWindowsDoNotDependOnTheInstructionSet) {
  // two lanes of different lengths, which are not cut into chunks that run side by side
  Generator generator(43);
  const Hierarchy h = generator.hierarchy(3, 3, 4);
  const TestBatch<double> batch({h, h}, {generator.series(h, 60000, 0), generator.series(h, 20000, 0)});
  ASSERT_EQ(chunks_of(batch.view()), 1);
  const Counted<double> counted(resources(), batch);
  const Counted<double> plain(Resources::make_cpu(InstructionSet::baseline), batch);
  expect_alike(counted, plain, 2);
}

TEST_P(ExpectedCounts, RunBarsOnceMoreWhereTheReachableStatesWereFarOff) {
  // The forward pass then works relative to what is reachable.
  const TestBatch<double> batch({far_off}, {often_far_off(12000, 100)});
  const Counted<double> counted(resources(), batch);
  const Counted<double> plain(Resources::make_cpu(InstructionSet::baseline), batch);
  expect_alike(counted, plain, 1);
  const CountLayout<AnyShape> layout{counted.shape};
  EXPECT_NEAR(counted.count(0, layout.weight(0)), 100, 1e-6);
  EXPECT_NEAR(counted.count(0, layout.weight(1)) + counted.count(0, layout.weight(2)), 11900, 1e-6);
}

TEST_P(ExpectedCounts, AreTheSameBitsForGroupsSideBySideAndAlone) {
  Generator generator(53);
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  for (int lane = 0; lane < 150; ++lane) {
    hierarchies.push_back(generator.hierarchy(3, 3, 4));
    series.push_back(generator.series(hierarchies.back(), 2000 + lane % 9, 0));  // more than a pair keeps
  }
  tbb::task_arena one_thread(1);  // where even few groups go side by side
  one_thread.execute([&] {
    const TestBatch<float> batch(hierarchies, series);
    const Counted<float> together(resources(), batch);
    std::vector<std::uint8_t> some(150,
                                   1);  // of the first pair of 16 lanes the second, of the next the first
    std::fill(some.begin(), some.begin() + 16, 0);
    std::fill(some.begin() + 48, some.begin() + 64, 0);
    const Counted<float> without_some(resources(), batch, some);
    for (const int lane : {16, 31, 32, 47, 64, 149}) {
      EXPECT_EQ(together.log_likelihood[lane], without_some.log_likelihood[lane]) << "lane " << lane;
      for (std::size_t row = 0; row < together.rows; ++row)
        ASSERT_EQ(together.count(lane, row), without_some.count(lane, row))
            << "lane " << lane << " row " << row;
    }
    for (const int lane : {0, 15, 16, 31, 140, 149}) {
      SCOPED_TRACE("lane " + std::to_string(lane));
      const Counted<float> alone(resources(), TestBatch<float>({hierarchies[lane]}, {series[lane]}));
      EXPECT_EQ(together.log_likelihood[lane], alone.log_likelihood[0]);
      for (std::size_t row = 0; row < alone.rows; ++row)
        ASSERT_EQ(together.count(lane, row), alone.count(0, row)) << "row " << row;
    }
  });
}

}  // namespace
}  // namespace regent::cuda::hmm
