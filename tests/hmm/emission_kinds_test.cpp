// What every emission and covariance kind says of a series, against every path summed by hand in double.
#include <gtest/gtest.h>

#include "hmm/filter.hpp"
#include "hmm/inference.hpp"
#include "tests/hmm/checks.hpp"
#include "tests/hmm/random_model.hpp"

namespace regent::hmm {
namespace {

void expect_truth(const RandomModel& m) {
  const auto truth = m.truth();
  SeriesBatch batch;
  batch.series = {m.series};
  const std::span<const Model> models(&m.model, 1);
  const Posteriors filtered = filtered_posteriors(cpu(), models, batch);
  const Posteriors smoothed = smoothed_posteriors(cpu(), models, batch);
  const Paths paths = most_probable_paths(cpu(), models, batch);
  const double scale = 1 + std::abs(truth.log_likelihood);
  EXPECT_NEAR(log_likelihoods(cpu(), models, batch)[0], truth.log_likelihood, 1e-10 * scale);
  EXPECT_NEAR(log_likelihoods(cpu(), models, batch, Precision::single)[0], truth.log_likelihood,
              1e-4 * scale);
  EXPECT_NEAR(filtered.log_likelihood[0], truth.log_likelihood, 1e-10 * scale);
  expect_near(filtered.probability[0], truth.filtered, 1e-11);
  expect_near(smoothed.probability[0], truth.posteriors, 1e-11);
  expect_near(smoothed_posteriors(cpu(), models, batch, Precision::single).probability[0], truth.posteriors,
              1e-4);
  EXPECT_NEAR(paths.log_probability[0], truth.best_log_probability, 1e-10 * scale);
  EXPECT_EQ(paths.states[0], truth.best_path);
  double online = 0;
  expect_near(filter_series(m.model, m.series, &online), truth.filtered, 1e-11);
  EXPECT_NEAR(online, truth.log_likelihood, 1e-10 * scale);
}

TEST(EmissionKinds, FilterSmootherAndDecoderEqualEveryPathSummedByHand) {
  const ModelShape shapes[] = {{1, 2, 3, 2}, {1, 3, 2, 3}, {2, 2, 2, 1}, {3, 2, 5, 4}, {1, 1, 4, 2}};
  const int steps[] = {8, 6, 6, 4, 5};
  for (const EmissionKind emission :
       {EmissionKind::gaussian, EmissionKind::student_t, EmissionKind::mixture}) {
    for (const CovarianceKind covariance :
         {CovarianceKind::full, CovarianceKind::diagonal, CovarianceKind::tied, CovarianceKind::spherical}) {
      for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        SCOPED_TRACE(std::string(name_of(emission)) + ", " + std::string(name_of(covariance)) + ", seed " +
                     std::to_string(seed));
        ModelShape shape = shapes[seed % 5];
        if (emission != EmissionKind::mixture) shape.components = 1;
        expect_truth({seed, shape, emission, covariance, steps[seed % 5], seed > 5 ? 0.4 : 0});
      }
    }
  }
}

}  // namespace
}  // namespace regent::hmm
