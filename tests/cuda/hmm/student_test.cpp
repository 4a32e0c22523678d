// Student-t emissions through every operation.
#include "cuda/hmm/student_body.hpp"

#include <gtest/gtest.h>

#include "cuda/hmm/forward.hpp"
#include "cuda/hmm/smooth.hpp"
#include "cuda/hmm/viterbi.hpp"
#include "tests/cuda/hmm/expected_counts.hpp"

namespace regent::cuda::hmm {
namespace {

using reference::Generator;

template <class T>
struct Posteriors {
  std::vector<T> values;
  std::vector<double> log_likelihood;
  std::size_t rows;
  template <class Pass>
  Posteriors(const Resources& resources, const TestBatch<T>& batch, const Pass& pass)
      : values(batch.padded() * batch.steps * batch.shape.states()),
        log_likelihood(batch.padded()),
        rows(batch.steps * batch.shape.states()) {
    pass(resources, batch.view(), std::span<T>(values), std::span<double>(log_likelihood));
  }
  T operator()(int lane, std::size_t row) const { return at(values, lane, row, rows); }
};
template <class T>
Posteriors<T> filtered(const Resources& resources, const TestBatch<T>& batch) {
  return {resources, batch, forward<T>};
}
template <class T>
Posteriors<T> smoothed(const Resources& resources, const TestBatch<T>& batch) {
  return {resources, batch, [](const auto&... given) { smooth<T>(given...); }};
}

double log_likelihood_of(const Resources& resources, const Hierarchy& h, const std::vector<double>& series) {
  return filtered(resources, TestBatch<double>({h}, {series})).log_likelihood[0];
}

class StudentT : public OnEveryDevice {};
REGENT_ON_EVERY_DEVICE(StudentT);

struct StudentCase {
  std::vector<Hierarchy> hierarchies;
  std::vector<std::vector<double>> series;
  StudentCase(std::uint64_t seed, int macros, int micros, int dimension, int steps, double missing) {
    Generator generator(seed);
    for (int lane = 0; lane < 4; ++lane) {  // ragged lengths and own parameters in every lane
      hierarchies.push_back(generator.student(generator.hierarchy(macros, micros, dimension, lane == 2)));
      series.push_back(generator.series(hierarchies.back(), lane == 1 ? 1 : steps - lane % 2, missing));
    }
  }
};
const int shapes[][4] = {{1, 2, 2, 8}, {1, 3, 4, 6}, {3, 3, 4, 4}, {2, 2, 1, 6}, {3, 2, 3, 4}, {2, 3, 5, 4}};

template <class Check>
void for_each_case(std::uint64_t first_seed, const Check& check) {
  for (std::uint64_t seed = first_seed; seed < first_seed + 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto& [macros, micros, dimension, steps] = shapes[seed % 6];
    check(StudentCase(seed, macros, micros, dimension, steps, seed >= first_seed + 6 ? 0.4 : 0));
  }
}

TEST_P(StudentT, FilterSmootherAndDecoderEqualEveryPathSummedByHand) {
  const Resources resources = this->resources();
  for_each_case(3000, [&](const StudentCase& c) {
    const TestBatch<double> batch(c.hierarchies, c.series);
    const TestBatch<float> float_batch(c.hierarchies, c.series);
    const auto filter = filtered(resources, batch), both_ways = smoothed(resources, batch);
    const auto float_filter = filtered(resources, float_batch), float_both = smoothed(resources, float_batch);
    std::vector<std::uint8_t> path(batch.padded() * batch.steps);
    std::vector<double> log_probability(batch.padded());
    viterbi<double>(resources, batch.view(), path, log_probability);
    for (int lane = 0; lane < batch.lanes; ++lane) {
      SCOPED_TRACE("lane " + std::to_string(lane));
      const Hierarchy& h = c.hierarchies[lane];
      const auto truth = reference::enumerate(reference::flat_start(h), reference::flat_transition(h),
                                              reference::log_densities(h, c.series[lane]), h.states());
      const double scale = 1 + std::abs(truth.log_likelihood);
      for (const auto* pass : {&filter, &both_ways})
        EXPECT_NEAR(pass->log_likelihood[lane], truth.log_likelihood, 1e-10 * scale);
      EXPECT_NEAR(float_filter.log_likelihood[lane], truth.log_likelihood, 1e-4 * scale);
      EXPECT_NEAR(log_probability[lane], truth.best_log_probability, 1e-10 * scale);
      for (std::size_t i = 0; i < truth.filtered.size(); ++i) {
        EXPECT_NEAR(filter(lane, i), truth.filtered[i], 1e-11);
        EXPECT_NEAR(both_ways(lane, i), truth.posteriors[i], 1e-11);
        EXPECT_NEAR(float_filter(lane, i), truth.filtered[i], 1e-4);
        EXPECT_NEAR(float_both(lane, i), truth.posteriors[i], 1e-4);
      }
      for (std::size_t t = 0; t < truth.best_path.size(); ++t)
        EXPECT_EQ(at(path, lane, t, batch.steps), truth.best_path[t]);
    }
  });
}

TEST_P(StudentT, ExpectedCountsEqualEveryPathSummedByHand) {
  const Resources resources = this->resources();
  for_each_case(4000, [&](const StudentCase& c) {
    const Counted<double> exact(resources, TestBatch<double>(c.hierarchies, c.series));
    const Counted<float> in_float(resources, TestBatch<float>(c.hierarchies, c.series));
    for (int lane = 0; lane < 4; ++lane) {
      SCOPED_TRACE("lane " + std::to_string(lane));
      expect_counts(exact, lane, c.hierarchies[lane], c.series[lane], 1e-10);
      for (std::size_t row = 0; row < exact.rows; ++row) {
        const double right = exact.count(lane, static_cast<int>(row));
        EXPECT_NEAR(in_float.count(lane, static_cast<int>(row)), right, 1e-3 * (1 + std::abs(right)));
      }
    }
  });
}

Hierarchy one_state(int dimension, double dof) {
  Generator generator(5);
  Hierarchy h = generator.hierarchy(1, 1, dimension);
  h.dof = {dof};
  return h;
}

TEST_P(StudentT, OfOneDegreeOfFreedomIsCauchys) {
  Hierarchy h = one_state(1, 1);
  h.means = {0.5};
  h.covariances = {4};
  for (double x : {-30.0, 0.5, 2.5, 1e6}) {
    const double z = (x - 0.5) / 2;
    EXPECT_NEAR(log_likelihood_of(resources(), h, {x}), -std::log(2 * M_PI * (1 + z * z)), 1e-12);
  }
}

TEST_P(StudentT, OfManyDegreesOfFreedomIsTheGaussian) {
  for (int dimension : {1, 4, 16}) {
    Generator generator(6);
    const Hierarchy h = one_state(dimension, 1e9);
    const std::vector<double> series = generator.series(h, 40, 0.2);
    Hierarchy gaussian = h;
    gaussian.dof.clear();
    const double right = log_likelihood_of(resources(), gaussian, series);
    EXPECT_NEAR(log_likelihood_of(resources(), h, series), right, 1e-5 * std::abs(right));
    const TestBatch<float> in_float({h}, {series});
    EXPECT_NEAR(filtered(resources(), in_float).log_likelihood[0], right, 1e-4 * std::abs(right));
  }
}

TEST_P(StudentT, MarginalEqualsTheModelOfThePresentFeaturesAlone) {
  // features 1 and 3 of five never seen: the same as a model without them
  Generator generator(8);
  const Hierarchy whole = one_state(5, 3.5);
  Hierarchy part = whole;
  part.dimension = 3;
  part.means = {whole.means[0], whole.means[2], whole.means[4]};
  part.covariances.clear();
  for (int r : {0, 2, 4}) {
    for (int c : {0, 2, 4}) part.covariances.push_back(whole.covariances[r * 5 + c]);
  }
  const std::vector<double> seen = generator.series(part, 30, 0);
  std::vector<double> gaps;
  for (std::size_t t = 0; t < 30; ++t) {
    gaps.insert(gaps.end(), {seen[t * 3], std::nan(""), seen[t * 3 + 1], std::nan(""), seen[t * 3 + 2]});
  }
  EXPECT_NEAR(log_likelihood_of(resources(), whole, gaps), log_likelihood_of(resources(), part, seen), 1e-10);
}

TEST_P(StudentT, StaysFiniteForAnOutlierOfFortyDeviationsInEveryState) {
  Generator generator(7);
  const Hierarchy h = generator.student(generator.hierarchy(3, 3, 4));
  std::vector<double> series = generator.series(h, 50, 0);
  for (int d = 0; d < 4; ++d) series[20 * 4 + d] = d % 2 == 0 ? 400 : -400;
  const auto exact = filtered(resources(), TestBatch<double>({h}, {series}));
  const auto in_float = filtered(resources(), TestBatch<float>({h}, {series}));
  EXPECT_TRUE(std::isfinite(exact.log_likelihood[0]));
  EXPECT_NEAR(in_float.log_likelihood[0], exact.log_likelihood[0], 1e-4 * std::abs(exact.log_likelihood[0]));
  const Counted<float> counts(resources(), TestBatch<float>({h}, {series}));
  for (std::size_t row = 0; row < counts.rows; ++row) {
    EXPECT_TRUE(std::isfinite(counts.count(0, static_cast<int>(row))));
  }
}

TEST_P(StudentT, TakesAllFeaturesMissingForAStretchAsPrediction) {
  Generator generator(11);
  const Hierarchy h = generator.student(generator.hierarchy(2, 2, 3));
  std::vector<double> series = generator.series(h, 120, 0);
  const double before = log_likelihood_of(resources(), h, {series.begin(), series.begin() + 50 * 3});
  for (int i = 50 * 3; i < 120 * 3; ++i) series[i] = std::nan("");
  EXPECT_NEAR(log_likelihood_of(resources(), h, series), before, 1e-10);
}

TEST_P(StudentT, ReportsPositiveLogDensities) {
  Hierarchy h = one_state(2, 4);
  h.means = {0, 0};
  h.covariances = {1e-12, 0, 0, 1e-12};
  // at its location a t of two dimensions has the density 1/(2π·|Σ|^½), whatever ν
  EXPECT_NEAR(log_likelihood_of(resources(), h, {0, 0}), 12 * std::log(10) - std::log(2 * M_PI), 1e-10);
}

TEST_P(StudentT, FloatStaysCloseToDoubleOverALongSeries) {
  for (const auto& [macros, micros] : {std::pair{1, 3}, std::pair{3, 3}}) {
    Generator generator(31);
    const Hierarchy h = generator.student(generator.hierarchy(macros, micros, 4));
    const std::vector<double> series = generator.series(h, 20000, 0);
    const Counted<double> exact(resources(), TestBatch<double>({h}, {series}));
    const Counted<float> in_float(resources(), TestBatch<float>({h}, {series}));
    EXPECT_NEAR(in_float.log_likelihood[0], exact.log_likelihood[0],
                1e-5 * std::abs(exact.log_likelihood[0]));
    for (std::size_t row = 0; row < exact.rows; ++row) {
      const double right = exact.count(0, static_cast<int>(row));
      EXPECT_NEAR(in_float.count(0, static_cast<int>(row)), right, 1e-4 * (10 + std::abs(right)));
    }
  }
}

TEST_P(StudentT, GivesTheSameBitsOnEveryInstructionSet) {
  const StudentCase c(41, 3, 3, 4, 200, 0.1);
  const TestBatch<float> batch(c.hierarchies, c.series);
  const Counted<float> plain(Resources::make_cpu(InstructionSet::baseline), batch), own(resources(), batch);
  for (int lane = 0; lane < 4; ++lane) {
    EXPECT_EQ(plain.log_likelihood[lane], own.log_likelihood[lane]);
    for (std::size_t row = 0; row < plain.rows; ++row) {
      ASSERT_EQ(plain.count(lane, static_cast<int>(row)), own.count(lane, static_cast<int>(row))) << row;
    }
  }
}

TEST_P(StudentT, LeavesOtherLanesBitsAloneWhenOneLaneIsNotANumber) {
  const StudentCase c(43, 2, 2, 3, 100, 0);
  StudentCase broken = c;
  for (double& value : broken.hierarchies[1].means) value = std::nan("");
  broken.series[2][40] = std::nan("");
  const Counted<float> before(resources(), TestBatch<float>(c.hierarchies, c.series));
  const Counted<float> after(resources(), TestBatch<float>(broken.hierarchies, broken.series));
  for (int lane : {0, 3}) {
    for (std::size_t row = 0; row < before.rows; ++row) {
      ASSERT_EQ(before.count(lane, static_cast<int>(row)), after.count(lane, static_cast<int>(row)));
    }
  }
  EXPECT_TRUE(std::isnan(after.log_likelihood[1]));
}

}  // namespace
}  // namespace regent::cuda::hmm
