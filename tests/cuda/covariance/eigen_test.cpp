#include "cuda/covariance/eigen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "base/error.hpp"
#include "tests/cuda/covariance/hard_matrices.hpp"

namespace regent::cuda::covariance {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

template <class T>
struct Solved {
  std::vector<T> values, vectors;
  EigenReport report;
};

template <class T>
Solved<T> solve(const std::vector<T>& matrices, int size, InstructionSet set = InstructionSet::avx512) {
  const std::size_t n = static_cast<std::size_t>(size), count = matrices.size() / n / n;
  Solved<T> solved{std::vector<T>(count * n), std::vector<T>(count * n * n), {}};
  solved.report = eigen_batch<T>(Resources::make_cpu(set), {.matrices = matrices,
                                                            .size = size,
                                                            .count = static_cast<int>(count),
                                                            .values = solved.values,
                                                            .vectors = solved.vectors});
  return solved;
}

template <class T>
void expect_all_kinds(int n, InstructionSet set) {
  const std::uint64_t seed = 20 + static_cast<std::uint64_t>(n);
  SCOPED_TRACE(testing::Message() << "seed " << seed << ", n " << n << ", " << to_string(set) << ", "
                                  << (sizeof(T) == 4 ? "float" : "double"));
  std::mt19937_64 engine(seed);
  const std::vector<T> matrices = hard_matrices<T>(n, engine);
  const auto solved = solve(matrices, n, set);
  EXPECT_TRUE(solved.report.failures.empty());
  for (int kind = 0; kind < kinds; ++kind) {
    SCOPED_TRACE(testing::Message() << "kind " << kind);
    const std::size_t at = static_cast<std::size_t>(kind) * n * n;
    expect_solved(&matrices[at], &solved.values[kind * n], &solved.vectors[at], n);
  }
}

TEST(EigenBatch, SolvesEveryKindOfMatrixOnEveryInstructionSet) {
  for (const auto set : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512}) {
    for (const int n : {1, 2, 3, 4, 5, 7, 8, 12, 17, 31, 33}) {
      expect_all_kinds<float>(n, set);
      expect_all_kinds<double>(n, set);
    }
  }
}

TEST(EigenBatch, SolvesLargeMatricesInAndAboveTheLanes) {
  for (const int n : {64, 127, 128, 129, 150}) {
    expect_all_kinds<float>(n, InstructionSet::avx512);
    expect_all_kinds<double>(n, InstructionSet::avx512);
  }
}

// Second differences: λ_k = 2 − 2 cos(kπ / (n + 1))
TEST(EigenBatch, OfSecondDifferencesIsTheClosedForm) {
  constexpr int n = 40;
  std::vector<double> matrix(n * n, 0.0);
  for (int i = 0; i < n; ++i) {
    matrix[i * n + i] = 2;
    if (i > 0) matrix[i * n + i - 1] = matrix[(i - 1) * n + i] = -1;
  }
  const auto solved = solve(matrix, n);
  for (int k = 1; k <= n; ++k) {
    EXPECT_NEAR(solved.values[k - 1], 2 - 2 * std::cos(k * std::numbers::pi / (n + 1)), 1e-14);
  }
}

TEST(EigenBatch, NamesABadMatrixAndLeavesItsNeighboursBitForBit) {
  for (const int n : {2, 9, 130}) {
    std::mt19937_64 engine(7);
    std::vector<float> good;
    for (int m = 0; m < 20; ++m) {
      const auto matrix = hard_matrix<float>(m % 3, n, engine);
      good.insert(good.end(), matrix.begin(), matrix.end());
    }
    std::vector<float> spoilt = good;
    const std::size_t size = static_cast<std::size_t>(n) * n;
    spoilt[3 * size + n] = std::numeric_limits<float>::quiet_NaN();  // row 1, column 0
    spoilt[18 * size] = -std::numeric_limits<float>::infinity();
    const auto expected = solve(good, n), found = solve(spoilt, n);
    ASSERT_EQ(found.report.failures.size(), 2U);
    EXPECT_EQ(found.report.failures[0].index, 3);
    EXPECT_EQ(found.report.failures[1].index, 18);
    EXPECT_EQ(found.report.failures[0].why, "an entry is not finite");
    EXPECT_TRUE(std::isfinite(found.report.residual_max));
    for (std::size_t m = 0; m < 20; ++m) {
      for (std::size_t i = 0; i < size; ++i) {
        if (m == 3 || m == 18) {
          ASSERT_TRUE(std::isnan(found.vectors[m * size + i]));
        } else {
          ASSERT_EQ(found.vectors[m * size + i], expected.vectors[m * size + i]) << m;
        }
      }
      for (int k = 0; k < n; ++k) {
        if (m != 3 && m != 18) {
          ASSERT_EQ(found.values[m * n + k], expected.values[m * n + k]);
        }
      }
    }
    EXPECT_TRUE(std::isnan(found.values[3 * n]));
  }
}

TEST(EigenBatch, DoesNotDependOnThePlaceInTheBatch) {
  constexpr int n = 12, size = n * n;
  std::mt19937_64 engine(3);
  std::vector<float> matrices;
  for (int m = 0; m < 40; ++m) {
    const auto matrix = hard_matrix<float>(m % kinds, n, engine);
    matrices.insert(matrices.end(), matrix.begin(), matrix.end());
  }
  const auto all = solve(matrices, n);
  for (const int m : {0, 2, 17, 39}) {
    const auto alone =
        solve(std::vector<float>(matrices.begin() + m * size, matrices.begin() + (m + 1) * size), n);
    for (int i = 0; i < size; ++i) ASSERT_EQ(alone.vectors[i], all.vectors[m * size + i]) << m;
  }
}

TEST(EigenBatch, TakesAnyFiniteMagnitudeAndNamesWhatOverflows) {
  for (const int n : {6, 130}) {
    std::mt19937_64 engine(11);
    const auto matrix = hard_matrix<float>(2, n, engine);
    const auto plain = solve(matrix, n);
    for (const int exponent : {-90, 120}) {
      auto scaled = matrix;
      for (float& x : scaled) x = std::ldexp(x, exponent);
      const auto found = solve(scaled, n);
      EXPECT_TRUE(found.report.failures.empty());
      for (int k = 0; k < n; ++k) {
        EXPECT_NEAR(found.values[k], std::ldexp(plain.values[k], exponent), std::ldexp(1e-5, exponent));
      }
    }
    const auto huge = solve(std::vector<float>(static_cast<std::size_t>(n) * n, 3e38F), n);
    ASSERT_EQ(huge.report.failures.size(), 1U);
    EXPECT_THAT(huge.report.failures[0].why, HasSubstr("larger than the number format holds"));
    EXPECT_TRUE(std::isnan(huge.values[n - 1]));
  }
}

TEST(EigenBatch, ReadsTheLowerTriangleAlone) {
  for (const int n : {5, 131}) {
    std::mt19937_64 engine(2);
    const auto matrix = hard_matrix<double>(0, n, engine);
    auto half = matrix;
    for (int i = 0; i < n; ++i) {
      for (int j = i + 1; j < n; ++j) half[i * n + j] = std::nan("");
    }
    EXPECT_EQ(solve(half, n).values, solve(matrix, n).values);
  }
}

TEST(EigenBatch, OfNothingIsNothingAndSizeZeroIsRefused) {
  EXPECT_TRUE(solve(std::vector<float>{}, 4).report.failures.empty());
  EXPECT_THAT([] { eigen_batch<float>(Resources::make("cpu"), {}); },
              ThrowsMessage<InputError>(HasSubstr("size 0")));
}

}  // namespace
}  // namespace regent::cuda::covariance
