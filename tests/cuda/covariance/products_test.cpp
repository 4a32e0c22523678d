#include "cuda/covariance/products.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace regent::cuda::covariance {
namespace {

// name: "cpu" or "cuda"
class Products : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "cuda" && gpu_count() == 0)
      GTEST_SKIP() << "no GPU on this machine: cuBLAS was not run";
  }
  std::vector<double> product(const TableView& a, const TableView& b) const {
    std::vector<double> out(static_cast<std::size_t>(a.columns * b.columns), -1);
    product_of(Resources::make(GetParam()), a, b, out);
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, Products, testing::Values("cpu", "cuda"),
                         [](const auto& info) { return info.param; });

std::vector<double> random_values(std::size_t count, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& value : values) value = normal(engine);
  return values;
}

TEST_P(Products, AreSumsOverRows) {
  for (const auto& [rows, n, m] : {std::tuple{1, 1, 1}, {5, 3, 2}, {700, 17, 33}, {64, 130, 1}}) {
    SCOPED_TRACE(std::to_string(rows) + " rows of " + std::to_string(n) + " and " + std::to_string(m));
    const auto a = random_values(static_cast<std::size_t>(rows) * n, 511),
               b = random_values(static_cast<std::size_t>(rows) * m, 512);
    const std::vector<double> result = product({a, rows, n}, {b, rows, m});
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < m; ++j) {
        long double sum = 0, size = 0;
        for (int t = 0; t < rows; ++t) {
          const long double term = static_cast<long double>(a[static_cast<std::size_t>(t) * n + i]) *
                                   b[static_cast<std::size_t>(t) * m + j];
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(result[static_cast<std::size_t>(i) * m + j], static_cast<double>(sum),
                    1e-14 * static_cast<double>(size))
            << i << ", " << j;
      }
    }
  }
}

TEST_P(Products, OfTheFirstColumnsOfATableAreNotTakenForThoseOfItself) {
  // two tables that begin at the same place
  const std::vector<double> values = random_values(12, 514);
  const TableView narrow{std::span(values).first(8), 4, 2}, wide{values, 4, 3};
  const std::vector<double> result = product(narrow, wide);
  double sum = 0;
  for (std::size_t t = 0; t < 4; ++t) sum += values[t * 2 + 1] * values[t * 3 + 2];
  EXPECT_NEAR(result[5], sum, 1e-14);
}

TEST_P(Products, OfATableWithItselfAreSymmetric) {
  constexpr int rows = 300, n = 41;
  const auto a = random_values(std::size_t{rows} * n, 513);
  const std::vector<double> result = product({a, rows, n}, {a, rows, n});
  for (int i = 0; i < n; ++i) {
    EXPECT_GT(result[static_cast<std::size_t>(i) * n + i], 0);
    for (int j = 0; j < i; ++j) {
      EXPECT_EQ(result[static_cast<std::size_t>(i) * n + j], result[static_cast<std::size_t>(j) * n + i]);
    }
  }
}

}  // namespace
}  // namespace regent::cuda::covariance
