#include "hmm/mixture.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "cuda/hmm/expectation.hpp"
#include "hmm/filter.hpp"
#include "hmm/inference.hpp"
#include "hmm/lane_parameters.hpp"
#include "hmm/start.hpp"
#include "tests/cuda/hmm/reference.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::reference::Generator;
using cuda::hmm::reference::Hierarchy;

const cuda::Resources& cpu() {
  static const cuda::Resources resources = cuda::Resources::make("cpu");
  return resources;
}

// A random mixture, as a model and for the reference: its structure and its K·C components.
struct Mixture {
  Model model;
  Hierarchy structure, parts;
  std::vector<double> series;
  Mixture(std::uint64_t seed, int macros, int micros, int components, int dimension, int steps,
          double missing) {
    Generator generator(seed);
    structure = generator.hierarchy(macros, micros, dimension, seed % 2 == 0);
    parts = generator.hierarchy(macros, micros * components, dimension);
    series = generator.series(parts, steps, missing);
    model.macros = macros;
    model.micros = micros;
    model.macro_start = structure.macro_start;
    model.macro_transition = structure.macro_transition;
    model.micro_start = structure.micro_start;
    model.micro_transition = structure.micro_transition;
    model.micro_exit = structure.micro_exit;
    model.emission = EmissionKind::mixture;
    model.components = components;
    model.means = parts.means;
    model.covariances = parts.covariances;
    for (int k = 0; k < structure.states(); ++k) {
      const std::vector<double> weights = generator.row(components);
      model.mixture_weights.insert(model.mixture_weights.end(), weights.begin(), weights.end());
    }
    for (int d = 0; d < dimension; ++d) model.features.push_back("x" + std::to_string(d));
    for (int i = 0; i < macros; ++i) model.labels.push_back("regime_" + std::to_string(i));
  }

  bool missing(std::size_t bar) const {
    const int d = model.dimension();
    return std::all_of(&series[bar * d], &series[bar * d] + d, [](double x) { return std::isnan(x); });
  }
  // log w_c·N_c(x) of every component.
  double joint(std::size_t bar, int part) const {
    return std::log(model.mixture_weights[part]) +
           cuda::hmm::reference::log_density(parts, part, &series[bar * model.dimension()]);
  }
  double log_density(std::size_t bar, int state) const {
    long double sum = 0;
    for (int c = 0; c < model.components; ++c)
      sum += std::exp(static_cast<long double>(joint(bar, state * model.components + c)));
    return static_cast<double>(std::log(sum));
  }
  cuda::hmm::reference::Answers truth() const {
    std::vector<double> table;
    for (std::size_t bar = 0; bar < series.size() / model.features.size(); ++bar) {
      for (int k = 0; k < model.states(); ++k) table.push_back(log_density(bar, k));
    }
    return cuda::hmm::reference::enumerate(cuda::hmm::reference::flat_start(structure),
                                           cuda::hmm::reference::flat_transition(structure), table,
                                           model.states());
  }
};

template <class Check>
void for_each_mixture(const Check& check) {
  const int shapes[][5] = {
      {1, 2, 3, 2, 8}, {1, 3, 2, 3, 6}, {2, 2, 2, 2, 6}, {3, 2, 5, 4, 4}, {1, 1, 4, 2, 5}};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto& [macros, micros, components, dimension, steps] = shapes[seed % 5];
    check(Mixture(seed, macros, micros, components, dimension, steps, seed > 5 ? 0.3 : 0));
  }
}

void expect_near(const std::vector<double>& got, const std::vector<double>& right, double tolerance) {
  ASSERT_EQ(got.size(), right.size());
  for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(got[i], right[i], tolerance) << i;
}

TEST(Mixture, FilterSmootherAndDecoderEqualEveryPathSummedByHand) {
  for_each_mixture([](const Mixture& m) {
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
    EXPECT_NEAR(paths.log_probability[0], truth.best_log_probability, 1e-10 * scale);
    EXPECT_EQ(paths.states[0], truth.best_path);
    double online = 0;
    expect_near(filter_series(m.model, m.series, &online), truth.filtered, 1e-11);
    EXPECT_NEAR(online, truth.log_likelihood, 1e-10 * scale);
  });
}

TEST(Mixture, EqualsItsExpansionWithTheComponentsSummed) {
  for_each_mixture([](const Mixture& m) {
    const Model wide = expanded(m.model);
    validate(wide, "test");
    EXPECT_EQ(wide.states(), m.model.states() * m.model.components);
    double as_mixture = 0, as_gaussian = 0;
    const std::vector<double> own = filter_series(m.model, m.series, &as_mixture);
    const std::vector<double> parts = filter_series(wide, m.series, &as_gaussian);
    EXPECT_NEAR(as_mixture, as_gaussian, 1e-10 * (1 + std::abs(as_gaussian)));
    expect_near(own, collapsed(parts, m.model.components), 1e-11);
  });
}

// Two equal halves at the very place of the data make a state likelier than one of 0.6, while each half alone
// is less likely.
TEST(Mixture, DecodesTheLikeliestStatesNotTheLikeliestComponents) {
  Mixture m(3, 1, 2, 2, 1, 1, 0);
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
  for_each_mixture([](const Mixture& m) {
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
  });
}

TEST(Mixture, TakesAWholeMissingBarAsPredictionAndALevelOfAHundredMillionInItsStride) {
  Mixture m(5, 2, 2, 2, 2, 40, 0);
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
  Mixture m(6, 1, 2, 2, 2, 3, 0);
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
