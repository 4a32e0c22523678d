#include "cuda/covariance/rolling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <mutex>
#include <random>

#include "base/error.hpp"

namespace regent::cuda::covariance {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

// By the definition, in long double; NaN for fewer than two rows.
double reference(const RollingInput& x, int row, int i, int j) {
  long double count = 0, mean_i = 0, mean_j = 0, sum = 0;
  const auto value = [&](int k, int c) { return x.values[static_cast<std::size_t>(k) * x.columns + c]; };
  const auto known = [&](int k) { return !std::isnan(value(k, i)) && !std::isnan(value(k, j)); };
  for (int k = row - x.window + 1; k <= row; ++k) {
    if (!known(k)) continue;
    ++count;
    mean_i += value(k, i);
    mean_j += value(k, j);
  }
  if (count < x.observations_min || count <= x.ddof) return missing;
  mean_i /= count;
  mean_j /= count;
  for (int k = row - x.window + 1; k <= row; ++k) {
    if (known(k)) sum += (value(k, i) - mean_i) * (value(k, j) - mean_j);
  }
  return static_cast<double>(sum / (count - x.ddof));
}

// Every covariance of every window: [rows, columns, columns], lower triangles; seen: how often each was
// given.
struct All {
  std::vector<double> values;
  std::vector<int> seen;
  int columns;
  double at(int row, int i, int j) const {
    return values[(static_cast<std::size_t>(row) * columns + i) * columns + j];
  }
};

All all_of(const RollingInput& input, InstructionSet set) {
  const auto size = static_cast<std::size_t>(input.rows) * input.columns * input.columns;
  All all{std::vector<double>(size), std::vector<int>(size), input.columns};
  std::mutex mutex;
  rolling_covariance(Resources::make_cpu(set), input, [&](const RollingTile& tile) {
    const std::scoped_lock lock(mutex);
    for (int row = tile.first_row; row < tile.first_row + tile.rows; ++row) {
      for (int i = tile.first_asset; i < tile.end_asset(); ++i) {
        for (int j = tile.first_other; j < tile.end_other(i); ++j) {
          const std::size_t at = (static_cast<std::size_t>(row) * input.columns + i) * input.columns + j;
          all.values[at] = tile.at(row, i, j);
          ++all.seen[at];
        }
      }
    }
  });
  return all;
}

std::vector<double> random_values(std::uint64_t seed, int rows, int columns, double missing_share,
                                  double level = 0) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<double> values(static_cast<std::size_t>(rows) * columns);
  for (double& value : values) {
    value = level + 0.01 * normal(engine);
    if (uniform(engine) < missing_share) value = missing;
  }
  return values;
}

void expect_reference(const RollingInput& input, InstructionSet set, double tolerance) {
  const All all = all_of(input, set);
  for (int row = input.window - 1; row < input.rows; ++row) {
    for (int i = 0; i < input.columns; ++i) {
      for (int j = 0; j <= i; ++j) {
        const double expected = reference(input, row, i, j);
        ASSERT_EQ(all.seen[(static_cast<std::size_t>(row) * input.columns + i) * input.columns + j], 1);
        if (std::isnan(expected)) {
          ASSERT_TRUE(std::isnan(all.at(row, i, j))) << row << ' ' << i << ' ' << j;
        } else {
          ASSERT_NEAR(all.at(row, i, j), expected, tolerance) << row << ' ' << i << ' ' << j;
        }
      }
    }
  }
}

TEST(RollingCovariance, IsItsDefinitionAtEveryRowOnEveryInstructionSet) {
  for (const auto set : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
    for (const int columns : {1, 7, 8, 17, 35}) {
      for (const int window : {2, 3, 31, 64}) {
        for (const double share : {0.0, 0.25}) {
          const std::uint64_t seed = 77;
          SCOPED_TRACE(testing::Message() << "seed " << seed << ' ' << to_string(set) << ", columns "
                                          << columns << ", window " << window << ", missing " << share);
          const auto values = random_values(seed, 101, columns, share);
          expect_reference(
              {.values = values, .rows = 101, .columns = columns, .window = window, .ddof = window % 2}, set,
              1e-17);
        }
      }
    }
  }
}

TEST(RollingCovariance, IsItsDefinitionOverSeveralTilesOfLongWindows) {
  for (const double share : {0.0, 0.05}) {
    const auto values = random_values(4, 420, 9, share);
    expect_reference({.values = values, .rows = 420, .columns = 9, .window = 131}, InstructionSet::avx512,
                     1e-17);
  }
}

TEST(RollingCovariance, KeepsSmallMovesOfLargeLevels) {
  for (const double share : {0.0, 0.1}) {
    const auto values = random_values(3, 80, 9, share, 1e8);
    expect_reference({.values = values, .rows = 80, .columns = 9, .window = 20}, InstructionSet::avx512,
                     1e-16);
  }
}

// x = 1, 2, 1e12, …: windows without the outlier are bit for bit those of a series that never had it.
TEST(RollingCovariance, ForgetsAnOutlierWithoutATrace) {
  for (const int window : {2, 5, 40}) {
    for (const double outlier : {1e12, -1e300}) {
      for (const bool gaps : {false, true}) {
        SCOPED_TRACE(testing::Message()
                     << "window " << window << ", outlier " << outlier << ", gaps " << gaps);
        std::vector<double> values;
        for (int row = 0; row < 150; ++row) {
          for (int c = 0; c < 3; ++c) values.push_back(1 + (row * (7 + c) + c) % 11 + 0.125 * c);
          if (gaps && row % 13 == 4) values.back() = missing;
        }
        const RollingInput plain{.values = values, .rows = 150, .columns = 3, .window = window};
        const All without = all_of(plain, InstructionSet::avx512);
        std::vector<double> spoilt = values;
        spoilt[2 * 3] = outlier;
        spoilt[71 * 3 + 1] = outlier;
        RollingInput input = plain;
        input.values = spoilt;
        const All with = all_of(input, InstructionSet::avx512);
        int compared = 0;
        for (int row = window - 1; row < 150; ++row) {
          const auto inside = [&](int at) { return at <= row && at > row - window; };
          if (inside(2) || inside(71)) continue;
          for (int i = 0; i < 3; ++i) {
            for (int j = 0; j <= i; ++j) {
              const double a = with.at(row, i, j), b = without.at(row, i, j);
              ASSERT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << row << ": " << a << " and " << b;
              ++compared;
            }
          }
        }
        EXPECT_GT(compared, 300);
      }
    }
  }
}

TEST(RollingCovariance, OfAConstantWindowIsExactlyZero) {
  std::vector<double> values(90, 0.1);
  for (int row = 0; row < 20; ++row) values[row] = row;
  const All all = all_of({.values = values, .rows = 90, .columns = 1, .window = 10}, InstructionSet::avx512);
  for (int row = 29; row < 90; ++row) ASSERT_EQ(all.at(row, 0, 0), 0) << row;
  EXPECT_GT(all.at(28, 0, 0), 0);
}

TEST(RollingCovariance, ThatWasTheLastIsBothTriangles) {
  const auto values = random_values(5, 60, 10, 0.0);
  const RollingInput input{.values = values, .rows = 60, .columns = 10, .window = 25};
  const auto last = last_rolling_covariance(Resources::make("cpu"), input);
  for (int i = 0; i < 10; ++i) {
    for (int j = 0; j < 10; ++j) {
      EXPECT_NEAR(last[i * 10 + j], reference(input, 59, std::max(i, j), std::min(i, j)), 1e-17);
    }
  }
}

TEST(RollingCovariance, RefusesWindowsThatCannotBe) {
  const std::vector<double> values(20, 1.0);
  const auto run = [&](RollingInput input) {
    input.values = values;
    input.rows = 10;
    input.columns = 2;
    rolling_covariance(Resources::make("cpu"), input, [](const RollingTile&) {});
  };
  EXPECT_THAT([&] { run({.window = 1}); },
              ThrowsMessage<InputError>(HasSubstr("a window of 1 rows over 10")));
  EXPECT_THAT([&] { run({.window = 11}); },
              ThrowsMessage<InputError>(HasSubstr("a window of 11 rows over 10")));
  EXPECT_THAT([&] { run({.window = 5, .ddof = 2}); }, ThrowsMessage<InputError>(HasSubstr("ddof 2")));
  EXPECT_THAT([&] { run({.window = 5, .observations_min = 1}); },
              ThrowsMessage<InputError>(HasSubstr("at least 1 observations")));
}

}  // namespace
}  // namespace regent::cuda::covariance
