#include "covariance/spectra.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tbb/global_control.h>

#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "covariance/sample.hpp"
#include "covariance/spectrum.hpp"
#include "tests/covariance/reference.hpp"

namespace regent::covariance {
namespace {

using test::missing;
using test::random_table;

const cuda::Resources& cpu() {
  static const cuda::Resources resources = cuda::Resources::make("cpu");
  return resources;
}

Observations observations_of(const test::RandomTable& table) {
  return {table.values, table.rows, table.columns};
}

// Every matrix on its own, solved by another solver.
void expect_row(const Spectra& spectra, std::size_t at, const Matrix& covariance) {
  SCOPED_TRACE("row " + std::to_string(spectra.rows[at]));
  const Spectrum truth = spectrum_of(covariance);
  const auto& values = truth.values;
  const double total = std::accumulate(values.begin(), values.end(), 0.0), tolerance = 1e-11 * total;
  for (std::size_t k = 0; k < spectra.modes; ++k) {
    ASSERT_NEAR(spectra.eigenvalues[at * spectra.modes + k], values[k], tolerance) << "mode " << k;
    const double above = k == 0 ? total : values[k - 1] - values[k];
    const double below = k + 1 == values.size() ? total : values[k] - values[k + 1];
    if (std::min(above, below) < 1e-3 * total) continue;  // any vectors of their plane would do
    double fourth = 0;
    for (std::size_t i = 0; i < values.size(); ++i) fourth += std::pow(truth.vectors(k, i), 4);
    ASSERT_NEAR(spectra.participation[at * spectra.modes + k], 1 / fourth, 1e-8 / fourth) << "mode " << k;
  }
  ASSERT_NEAR(spectra.total_variance[at], total, tolerance);
  double positive = 0, largest = 0, entropy = 0;
  for (const double value : values) positive += std::max(value, 0.0);
  for (std::size_t k = 0; k < std::max<std::size_t>(1, (values.size() + 2) / 5); ++k)
    largest += std::max(values[k], 0.0);
  for (const double value : values) entropy -= value > 0 ? value / positive * std::log(value / positive) : 0;
  ASSERT_NEAR(spectra.absorption_ratio[at], largest / positive, 1e-10);
  ASSERT_LE(spectra.absorption_ratio[at], 1 + 1e-12);
  ASSERT_GE(spectra.effective_rank[at], 1 - 1e-12);
  ASSERT_NEAR(spectra.effective_rank[at], std::exp(entropy), 1e-8);
}

void expect_undefined(const Spectra& spectra, std::size_t at) {
  EXPECT_TRUE(std::isnan(spectra.total_variance[at]) && std::isnan(spectra.absorption_ratio[at]) &&
              std::isnan(spectra.effective_rank[at]) && std::isnan(spectra.eigenvalues[at * spectra.modes]));
}

struct Shape {
  std::size_t rows, columns, window, every;
  double missing;
};
// more rows than are solved at once; the kernels' sizes; gaps and leaps
const Shape shapes[] = {{2100, 4, 20, 1, 0}, {150, 33, 40, 1, 0},  {90, 140, 20, 1, 0},
                        {120, 6, 30, 7, 0},  {200, 5, 25, 1, 0.2}, {60, 1, 2, 1, 0}};

TEST(Spectra, OfEveryWindowAreThoseOfItsCovariance) {
  for (const Shape& shape : shapes) {
    for (const int ddof : {0, 1}) {
      SCOPED_TRACE(testing::Message() << "seed 31, " << shape.columns << " columns, ddof " << ddof);
      const auto table = random_table(31, shape.rows, shape.columns, shape.missing);
      const Spectra spectra =
          rolling_spectra(cpu(), observations_of(table), {shape.window, ddof},
                          {.modes = std::min<std::size_t>(3, shape.columns), .every = shape.every});
      ASSERT_EQ(spectra.rows.back(), shape.rows - 1);
      ASSERT_EQ(spectra.rows.size(), (shape.rows - shape.window) / shape.every + 1);
      for (std::size_t at = 0; at < spectra.rows.size(); at += 1 + spectra.rows.size() / 70) {
        const std::size_t first = spectra.rows[at] + 1 - shape.window;
        const Observations window{
            std::span(table.values).subspan(first * shape.columns, shape.window * shape.columns),
            shape.window, shape.columns};
        expect_row(spectra, at, sample_covariance(window, ddof).covariance);
      }
      const bool continues = shape.every == 1 && shape.missing == 0 && shape.columns > 1;
      if (continues) {
        EXPECT_GE(spectra.continued, spectra.rows.size() * 9 / 10);
      }
    }
  }
}

TEST(Spectra, OfEveryRowAreThoseOfTheWeightedCovariance) {
  for (const Shape& shape : shapes) {
    for (const double correlations : {15.0, 40.0}) {
      for (const int ddof : {0, 1}) {
        SCOPED_TRACE(testing::Message()
                     << "seed 37, " << shape.columns << " columns, half-life of correlations " << correlations
                     << ", ddof " << ddof);
        const auto table = random_table(37, shape.rows, shape.columns, shape.missing);
        const EwmaSettings settings{15, correlations, ddof};
        const Spectra spectra =
            ewma_spectra(cpu(), observations_of(table), settings,
                         {.modes = std::min<std::size_t>(3, shape.columns), .every = shape.every});
        Ewma ewma(shape.columns, settings);
        for (std::size_t row = 0, at = 0; row < shape.rows; ++row) {
          ewma.update(std::span(table.values).subspan(row * shape.columns, shape.columns));
          if (spectra.rows[at] != row) continue;
          const Matrix covariance = ewma.covariance();
          const bool defined =
              std::ranges::none_of(covariance.values, [](double v) { return std::isnan(v); });
          if (!defined) {
            expect_undefined(spectra, at);
          } else if (at % (1 + spectra.rows.size() / 70) == 0) {
            // a first row has no variance, and shares of nothing mean nothing
            if (std::ranges::any_of(covariance.values, [](double v) { return v != 0; })) {
              expect_row(spectra, at, covariance);
            } else {
              EXPECT_EQ(spectra.total_variance[at], 0);
              EXPECT_TRUE(std::isnan(spectra.absorption_ratio[at]) && std::isnan(spectra.effective_rank[at]));
            }
          }
          ++at;
        }
        const bool continues = shape.every == 1 && shape.missing == 0 && correlations == 15;
        if (continues && shape.columns <= 33) {
          EXPECT_GE(spectra.continued, spectra.rows.size() * 9 / 10);
        }
        if (!continues) {
          EXPECT_EQ(spectra.continued, 0);
        }
      }
    }
  }
}

TEST(Spectra, SayHowMuchMovesTogether) {
  const std::size_t rows = 40, columns = 5;
  std::vector<double> together, apart;
  for (std::size_t t = 0; t < rows; ++t) {
    for (std::size_t c = 0; c < columns; ++c) {
      together.push_back(std::sin(1.0 + static_cast<double>(t * t)) * static_cast<double>(c + 1));
      apart.push_back(t % columns == c ? 1.0 : 0.0);
    }
  }
  const Spectra one = rolling_spectra(cpu(), {together, rows, columns}, {20, 1}, {.modes = 5});
  const Spectra all = rolling_spectra(cpu(), {apart, rows, columns}, {20, 1}, {.modes = 5});
  for (std::size_t at = 0; at < one.rows.size(); ++at) {
    EXPECT_NEAR(one.absorption_ratio[at], 1, 1e-12);
    EXPECT_NEAR(one.effective_rank[at], 1, 1e-10);
    // indicators of five days: four equal modes, and none along their sum
    EXPECT_NEAR(all.absorption_ratio[at], 0.25, 1e-12);
    EXPECT_NEAR(all.effective_rank[at], 4, 1e-8);
  }
}

// Pairs (a, b) and (a, c) move together, (b, c) against each other, each in rows of its own: correlations of
// 1, 1 and −1, eigenvalues 2, 2 and −1.
TEST(Spectra, OfPairsThatDisagreeShareWhatLiesAboveZero) {
  const double x = missing;
  const std::vector<double> table{1, 1, x, -1, -1, x, 1, x, 1, -1, x, -1, x, 1, -1, x, -1, 1};
  const Spectra spectra = rolling_spectra(cpu(), {table, 6, 3}, {6, 0}, {.modes = 3});
  EXPECT_NEAR(spectra.eigenvalues[2], -1, 1e-12);
  EXPECT_NEAR(spectra.total_variance[0], 3, 1e-12);
  EXPECT_NEAR(spectra.absorption_ratio[0], 0.5, 1e-12);
  EXPECT_NEAR(spectra.effective_rank[0], 2, 1e-12);
  EXPECT_EQ(spectra.continued, 0);
}

TEST(Spectra, AreTheSameBitsWhateverTheNumberOfThreads) {
  const auto table = random_table(43, 300, 40, 0);
  const auto spectra = [&](std::size_t threads) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    return rolling_spectra(cpu(), observations_of(table), {60, 1}, {.modes = 40});
  };
  const Spectra one = spectra(1), many = spectra(4);
  EXPECT_EQ(one.eigenvalues, many.eigenvalues);
  EXPECT_EQ(one.participation, many.participation);
}

TEST(Spectra, TakeAnyHalfLife) {
  const auto table = random_table(47, 70, 3, 0);
  // only the last row weighs anything; and all rows the same
  const Spectra none = ewma_spectra(cpu(), observations_of(table), {1e-4, 1e-4, 0}, {.modes = 3});
  EXPECT_LT(none.total_variance.back(), 1e-30);
  const Spectra all = ewma_spectra(cpu(), observations_of(table), {1e12, 1e12, 1}, {.modes = 3});
  expect_row(all, 69, sample_covariance(observations_of(table), 1).covariance);
}

TEST(Spectra, NameTheRowOfACovarianceBeyondTheRange) {
  auto table = random_table(53, 20, 3, 0);
  for (std::size_t row = 10; row < 20; ++row) table.values[row * 3] *= row % 2 == 0 ? 1e160 : -1e160;
  try {
    rolling_spectra(cpu(), observations_of(table), {5, 1}, {.modes = 1});
    FAIL() << "an infinite covariance has no spectrum";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("row 11"));
  }
}

TEST(Spectra, RefuseSettingsOutOfRange) {
  EXPECT_THROW(ewma_spectra(cpu(), {{}, 0, 3}, {5, 5, 1}, {.modes = 1}), InputError);

  const auto table = random_table(41, 10, 3, 0);
  EXPECT_THROW(rolling_spectra(cpu(), observations_of(table), {1, 1}, {.modes = 1}), InputError);
  EXPECT_THROW(rolling_spectra(cpu(), observations_of(table), {11, 1}, {.modes = 1}), InputError);
  EXPECT_THROW(rolling_spectra(cpu(), observations_of(table), {5, 1}, {.modes = 4}), InputError);
  EXPECT_THROW(rolling_spectra(cpu(), observations_of(table), {5, 1}, {.modes = 0}), InputError);
  EXPECT_THROW(ewma_spectra(cpu(), observations_of(table), {5, 5, 1}, {.modes = 1, .every = 0}), InputError);
}

}  // namespace
}  // namespace regent::covariance
