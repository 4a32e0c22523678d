#include "hmm/mixture.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "cuda/hmm/expectation.hpp"
#include "hmm/filter.hpp"
#include "hmm/inference.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/start.hpp"
#include "tests/hmm/checks.hpp"
#include "tests/hmm/random_model.hpp"

namespace regent::hmm {
namespace {

RandomModel mixture(std::uint64_t seed, const ModelShape& shape, int steps, double missing = 0) {
  return {seed, shape, EmissionKind::mixture, CovarianceKind::full, steps, missing};
}

template <class Check>
void for_each_mixture(const Check& check) {
  const ModelShape shapes[] = {{1, 2, 3, 2}, {1, 3, 2, 3}, {2, 2, 2, 2}, {3, 2, 5, 4}, {1, 1, 4, 2}};
  const int steps[] = {8, 6, 6, 4, 5};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    check(mixture(seed, shapes[seed % 5], steps[seed % 5], seed > 5 ? 0.3 : 0));
  }
}

TEST(Mixture, EqualsItsExpansionWithTheComponentsSummed) {
  for_each_mixture([](const RandomModel& m) {
    const Model wide = expanded(m.model);
    validate(wide, "test");
    EXPECT_EQ(wide.states(), m.model.states() * m.model.components);
    double as_mixture = 0, as_gaussian = 0;
    const std::vector<double> own = filter_series(m.model, m.series, &as_mixture);
    const std::vector<double> parts = filter_series(wide, m.series, &as_gaussian);
    EXPECT_NEAR(as_mixture, as_gaussian, 1e-10 * (1 + std::abs(as_gaussian)));
    std::vector<double> summed(parts.size() / static_cast<std::size_t>(m.model.components));
    collapse(std::span<const double>(parts), m.model.components, std::span(summed));
    expect_near(own, summed, 1e-11);
  });
}

// Two equal halves at the very place of the data make a state likelier than one of 0.6, while each half alone
// is less likely.
TEST(Mixture, DecodesTheLikeliestStatesNotTheLikeliestComponents) {
  RandomModel m = mixture(3, {1, 2, 2, 1}, 1);
  m.model.micro_start = {0.5, 0.5};
  m.model.micro_transition = {0.5, 0.5, 0.5, 0.5};
  m.model.means = {0, 0, 0, 50};
  m.model.covariances = {1, 1, 1, 1};
  m.model.mixture_weights = {0.5, 0.5, 0.6, 0.4};
  const std::vector<double> series{0, 0, 0};
  SeriesBatch batch;
  batch.series = {series};
  const Paths paths = most_probable_paths(cpu(), std::span<const Model>(&m.model, 1), batch);
  EXPECT_EQ(paths.states[0], (std::vector<int>{0, 0, 0}));
  const Model wide = expanded(m.model);
  EXPECT_EQ(most_probable_paths(cpu(), std::span<const Model>(&wide, 1), batch).states[0].front(), 2);
}

TEST(Mixture, ExpectedCountsPoolOverComponentsToThoseOfThePaths) {
  for_each_mixture([](const RandomModel& m) {
    const auto truth = m.truth();
    Standardisation none{std::vector<double>(m.model.dimension(), 0),
                         std::vector<double>(m.model.dimension(), 1)};
    LaneFit lane = lane_of(m.model, none);
    // a macro self-transition was written as staying; the reference's structure follows
    Hierarchy structure = m.structure;
    structure.macro_transition = lane.macro_transition;
    structure.micro_transition = lane.micro_transition;
    structure.micro_exit = lane.micro_exit;
    if (m.model.macros == 1) structure.macro_transition = {1};
    std::vector<double> parameters, batch;
    ASSERT_TRUE(lane.to_parameters(parameters));
    batch.resize(parameters.size() * 32);
    put_lane<double>(parameters, 0, true, batch);
    cuda::hmm::BatchView<double> view;
    view.shape = lane.run_shape();
    view.lanes = 1;
    view.steps = static_cast<std::int64_t>(m.series.size()) / m.model.dimension();
    view.observations = m.series.data();
    view.shared = true;
    const cuda::hmm::AnyShape run(view.shape), own(lane.shape);
    const cuda::hmm::CountLayout<cuda::hmm::AnyShape> wide{run}, layout{own};
    std::vector<double> blocked(static_cast<std::size_t>(wide.size()) * 32), likelihoods(32), counts;
    const std::uint8_t active[] = {1};
    cuda::hmm::Expectation<double>(cpu(), view).run(1, batch, active, blocked, likelihoods);
    for (int row = 0; row < wide.size(); ++row) counts.push_back(blocked[row * 32]);
    EXPECT_NEAR(likelihoods[0], truth.log_likelihood, 1e-10 * (1 + std::abs(truth.log_likelihood)));
    const std::vector<double> pooled = lane.state_counts(counts);
    const std::vector<double> flat = cuda::hmm::reference::flat_transition(structure);
    const int k = m.model.states(), micros = m.model.micros, c = m.model.components;
    std::vector<double> entries(k, 0), macros(m.model.macros * m.model.macros, 0);
    for (int from = 0; from < k; ++from) {
      EXPECT_NEAR(pooled[layout.start(from)], truth.posteriors[from], 1e-10);
      double exits = 0;
      for (int to = 0; to < k; ++to) {
        const double staying = from / micros == to / micros
                                   ? (1 - structure.micro_exit[from]) *
                                         structure.micro_transition[from * micros + to % micros] /
                                         flat[from * k + to]
                                   : 0;
        const double expected = truth.transitions[from * k + to];
        exits += expected * (1 - staying);
        entries[to] += expected * (1 - staying);
        macros[from / micros * m.model.macros + to / micros] += expected * (1 - staying);
        if (from / micros == to / micros) {
          EXPECT_NEAR(pooled[layout.stay(from / micros, from % micros, to % micros)], expected * staying,
                      1e-10);
        }
      }
      if (m.model.macros > 1) {
        EXPECT_NEAR(pooled[layout.exit(from)], exits, 1e-10);
      }
      for (int component = 0; component < c; ++component) {  // occupancy by Bayes within the state
        double bars = 0;
        for (std::int64_t t = 0; t < view.steps; ++t) {
          if (m.missing(t)) continue;
          bars += truth.posteriors[t * k + from] *
                  std::exp(m.joint(t, from * c + component) - m.log_density(t, from));
        }
        EXPECT_NEAR(counts[wide.weight(from * c + component)], bars, 1e-10);
      }
    }
    for (int to = 0; to < k && m.model.macros > 1; ++to) {
      EXPECT_NEAR(pooled[layout.entry(to)], entries[to], 1e-10);
    }
    for (int i = 0; i < m.model.macros * m.model.macros && m.model.macros > 1; ++i) {
      EXPECT_NEAR(pooled[layout.macro(0, i)], macros[i], 1e-10);
    }
  });
}

TEST(Mixture, TakesAWholeMissingBarAsPredictionAndALevelOfAHundredMillionInItsStride) {
  RandomModel m = mixture(5, {2, 2, 2, 2}, 40);
  for (int d = 0; d < 2 * 10; ++d) m.series[20 + d] = std::nan("");
  double near = 0, far = 0;
  const std::vector<double> posteriors = filter_series(m.model, m.series, &near);
  const std::vector<double> flat = m.model.flat_transition();
  for (int to = 0; to < 4; ++to) {
    double predicted = 0;
    for (int k = 0; k < 4; ++k) predicted += posteriors[12 * 4 + k] * flat[k * 4 + to];
    EXPECT_NEAR(posteriors[13 * 4 + to], predicted, 1e-12);
  }
  for (double& mean : m.model.means) mean += 1e8;
  for (double& value : m.series) value += 1e8;
  expect_near(filter_series(m.model, m.series, &far), posteriors, 1e-5);
  EXPECT_NEAR(far, near, 1e-4);
}

TEST(Mixture, StaysFiniteForOutliersAndComponentsThatAreNeverTaken) {
  RandomModel m = mixture(6, {1, 2, 2, 2}, 3);
  m.model.mixture_weights = {1, 0, 0, 1};
  Filter filter(m.model);
  for (double size : {40.0, 1e6, 1e300}) {
    const double bar[] = {size, -size};
    filter.update(bar);
    EXPECT_TRUE(std::isfinite(filter.log_likelihood())) << size;
    EXPECT_NEAR(filter.posterior()[0] + filter.posterior()[1], 1, 1e-12) << size;
  }
}

}  // namespace
}  // namespace regent::hmm
