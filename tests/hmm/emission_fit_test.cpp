// Fits of every emission and covariance kind: EM climbs, finds what is there, and survives the usual traps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "hmm/emission_maximisation.hpp"
#include "hmm/filter.hpp"
#include "hmm/fit.hpp"
#include "tests/hmm/checks.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

constexpr CovarianceKind covariance_kinds[] = {CovarianceKind::full, CovarianceKind::diagonal,
                                               CovarianceKind::tied, CovarianceKind::spherical};
constexpr EmissionKind emission_kinds[] = {EmissionKind::gaussian, EmissionKind::student_t,
                                           EmissionKind::mixture};

FitSettings flat_settings(EmissionKind emission, CovarianceKind covariance, int states) {
  FitSettings settings;
  settings.macros = 1;
  settings.micros = states;
  settings.emission = emission;
  settings.components = emission == EmissionKind::mixture ? 2 : 1;
  settings.covariance = covariance;
  settings.restarts = 2;
  return settings;
}

template <class Check>
void for_each_kind(const Check& check) {
  for (const EmissionKind emission : emission_kinds) {
    for (const CovarianceKind covariance : covariance_kinds) {
      SCOPED_TRACE(std::string(name_of(emission)) + ", " + std::string(name_of(covariance)));
      check(emission, covariance);
    }
  }
}

// Two persistent states over two features.
Model two_states(EmissionKind emission) {
  Model model;
  model.features = {"market_return", "spread"};
  model.labels = {"regime_0"};
  model.macros = 1;
  model.micros = 2;
  model.macro_start = model.macro_transition = {1};
  model.micro_start = {0.5, 0.5};
  model.micro_transition = {0.98, 0.02, 0.03, 0.97};
  model.micro_exit = {0, 0};
  model.emission = emission;
  model.means = {0, 0, 1, -2};
  model.covariances = {1, 0.3, 0.3, 0.5, 4, -1, -1, 2};
  if (emission == EmissionKind::student_t) model.dof = {4, 30};
  if (emission == EmissionKind::mixture) {
    model.components = 2;
    model.means = {0, 0, 3, 3, 10, -5, 6, -9};
    model.covariances = {1, 0.3, 0.3, 0.5, 0.3, 0, 0, 0.4, 4, -1, -1, 2, 1, 0, 0, 1};
    model.mixture_weights = {0.7, 0.3, 0.4, 0.6};
  }
  validate(model, "test");
  return model;
}

TEST(EmissionFit, RaisesThePenalisedLikelihoodWithEveryIterationForEveryKind) {
  for (const int macros : {1, 2}) {
    for_each_kind([&](EmissionKind emission, CovarianceKind covariance) {
      Simulated data = simulate(market_hierarchy(2), 300, 13);
      for (std::size_t i = 0; i < data.bars.size(); ++i) {
        if (i % 11 == 5 || (i > 200 && i < 240)) data.bars[i] = std::nan("");
      }
      FitSettings settings = flat_settings(emission, covariance, 3);
      settings.macros = macros;
      settings.micros = 3 - (macros - 1);
      settings.restarts = 1;
      settings.tolerance = 0;
      settings.double_precision = true;
      double before = -INFINITY;
      for (int iterations = 1; iterations <= 15; ++iterations) {
        settings.iterations_max = iterations;
        const FitResult result = fit(cpu(), data.bars, {"market_return", "x"}, settings);
        EXPECT_EQ(result.failed_restarts, 0);
        EXPECT_GE(result.penalised_log_likelihood, before - 1e-9) << "iteration " << iterations;
        before = result.penalised_log_likelihood;
      }
    });
  }
}

TEST(EmissionFit, GivesModelsOfTheKindThatWasAskedFor) {
  const Simulated data = simulate(market_hierarchy(2), 600, 17);
  for_each_kind([&](EmissionKind emission, CovarianceKind covariance) {
    const FitResult result =
        fit(cpu(), data.bars, {"market_return", "x"}, flat_settings(emission, covariance, 3));
    validate(result.model, "test");
    EXPECT_EQ(result.model.emission, emission);
    const std::vector<double>& c = result.model.covariances;
    const bool square = covariance == CovarianceKind::full || covariance == CovarianceKind::tied;
    for (std::size_t part = 0; part < c.size(); part += 4) EXPECT_EQ(c[part + 1] != 0, square);
    EXPECT_EQ(std::equal(c.begin(), c.begin() + 4, c.begin() + 4), covariance == CovarianceKind::tied);
    double own = 0;
    filter_series(result.model, data.bars, &own);
    EXPECT_NEAR(own, result.log_likelihood, 1e-6 * std::abs(own));
  });
}

TEST(EmissionFit, RecoversStudentsTails) {
  const Model truth = two_states(EmissionKind::student_t);
  for (std::uint64_t seed : {1, 2}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Simulated data = simulate(truth, 12000, seed);
    FitSettings settings = flat_settings(EmissionKind::student_t, CovarianceKind::full, 2);
    settings.restarts = 1;
    settings.tolerance = 1e-7;
    settings.iterations_max = 300;
    const FitResult result = fit(cpu(), data.bars, truth.features, settings);
    const Model& model = result.model;
    const int first = std::abs(model.means[0]) < 0.5 ? 0 : 1;  // volatility orders the states
    const double visits = 4000;                                // of the rarer state, at the least
    for (int k = 0; k < 2; ++k) {
      const int own = first == 0 ? k : 1 - k;
      for (int d = 0; d < 2; ++d) {
        const double variance = truth.covariances[k * 4 + d * 3] * truth.dof[k] / (truth.dof[k] - 2);
        EXPECT_NEAR(model.means[own * 2 + d], truth.means[k * 2 + d], 5 * std::sqrt(variance / visits));
        EXPECT_NEAR(model.covariances[own * 4 + d * 3] / truth.covariances[k * 4 + d * 3], 1, 0.1);
      }
    }
    // three standard errors of 1/ν
    EXPECT_NEAR(1 / model.dof[first], 1 / 4.0, 0.03);
    EXPECT_NEAR(1 / model.dof[1 - first], 1 / 30.0, 0.03);
  }
}

TEST(EmissionFit, RecoversAMixturesComponents) {
  const Model truth = two_states(EmissionKind::mixture);
  const Simulated data = simulate(truth, 20000, 3);
  FitSettings settings = flat_settings(EmissionKind::mixture, CovarianceKind::full, 2);
  settings.restarts = 4;
  settings.tolerance = 1e-7;
  settings.iterations_max = 300;
  const FitResult result = fit(cpu(), data.bars, truth.features, settings);
  double best = 0;
  filter_series(truth, data.bars, &best);
  EXPECT_GT(result.log_likelihood, best - 5);
  for (int part = 0; part < 4; ++part) {  // the fitted component next to each true one
    int near = 0;
    double away = INFINITY;
    for (int other = 0; other < 4; ++other) {
      const double distance = std::hypot(result.model.means[other * 2] - truth.means[part * 2],
                                         result.model.means[other * 2 + 1] - truth.means[part * 2 + 1]);
      if (distance < away) {
        away = distance;
        near = other;
      }
    }
    EXPECT_LT(away, 0.15);
    EXPECT_NEAR(result.model.mixture_weights[near], truth.mixture_weights[part], 0.03);
    for (int e = 0; e < 4; ++e)
      EXPECT_NEAR(result.model.covariances[near * 4 + e], truth.covariances[part * 4 + e], 0.3);
  }
}

TEST(EmissionFit, RecoversDiagonalTiedAndSphericalCovariances) {
  for (const CovarianceKind kind :
       {CovarianceKind::diagonal, CovarianceKind::tied, CovarianceKind::spherical}) {
    SCOPED_TRACE(name_of(kind));
    Model truth = two_states(EmissionKind::gaussian);
    truth.means = {0, 0, 4, -4};
    truth.covariances = kind == CovarianceKind::diagonal ? std::vector<double>{1, 0, 0, 0.5, 2, 0, 0, 3}
                        : kind == CovarianceKind::tied   ? std::vector<double>{1, 0.4, 0.4, 2, 1, 0.4, 0.4, 2}
                                                         : std::vector<double>{1, 0, 0, 1, 3, 0, 0, 3};
    const Simulated data = simulate(truth, 10000, 5);
    FitSettings settings = flat_settings(EmissionKind::gaussian, kind, 2);
    const FitResult result = fit(cpu(), data.bars, truth.features, settings);
    const int first = std::abs(result.model.means[0]) < 2 ? 0 : 1;
    for (int k = 0; k < 2; ++k) {
      const int own = first == 0 ? k : 1 - k;
      for (int e = 0; e < 4; ++e)
        EXPECT_NEAR(result.model.covariances[own * 4 + e], truth.covariances[k * 4 + e], 0.2);
      for (int d = 0; d < 2; ++d) EXPECT_NEAR(result.model.means[own * 2 + d], truth.means[k * 2 + d], 0.15);
    }
  }
}

TEST(EmissionFit, StudentTNeedsNoStateForAnOutlierOfFortyDeviations) {
  Simulated data = simulate(two_states(EmissionKind::gaussian), 2000, 7);
  data.bars[1000 * 2] = 60;
  data.bars[1000 * 2 + 1] = -60;
  const FitResult result = fit(cpu(), data.bars, {"market_return", "x"},
                               flat_settings(EmissionKind::student_t, CovarianceKind::full, 2));
  EXPECT_EQ(result.failed_restarts, 0);
  EXPECT_TRUE(std::isfinite(result.log_likelihood));
  for (double mean : result.model.means) EXPECT_LT(std::abs(mean), 3);
  for (double dof : result.model.dof)
    EXPECT_THAT(dof, testing::AllOf(testing::Ge(dof_min), testing::Le(dof_max)));
}

const std::vector<std::string> two_features{"market_return", "x"};

std::vector<double> trap_bars() {
  return simulate(two_states(EmissionKind::gaussian), 800, 11).bars;
}

// A fit that fails in no restart, is finite, and is what the filter says of the same bars.
FitResult sound_fit(const std::vector<double>& bars, const std::vector<std::string>& features,
                    EmissionKind emission, CovarianceKind covariance) {
  const FitResult result = fit(cpu(), bars, features, flat_settings(emission, covariance, 3));
  validate(result.model, "test");
  EXPECT_EQ(result.failed_restarts, 0);
  EXPECT_TRUE(std::isfinite(result.log_likelihood));
  double own = 0;
  filter_series(result.model, bars, &own);
  EXPECT_NEAR(own, result.log_likelihood, 1e-6 * std::abs(own));
  return result;
}

TEST(EmissionFit, SurvivesADuplicatedFeatureInEveryKind) {
  const std::vector<double> bars = trap_bars();
  std::vector<double> twice;
  for (std::size_t t = 0; t < 800; ++t)
    twice.insert(twice.end(), {bars[t * 2], bars[t * 2 + 1], bars[t * 2]});
  for_each_kind([&](EmissionKind emission, CovarianceKind covariance) {
    sound_fit(twice, {"market_return", "x", "return_again"}, emission, covariance);
  });
}

TEST(EmissionFit, DoesNotCollapseOntoOneObservationInAnyKind) {
  std::vector<double> bars = trap_bars();
  bars[401 * 2] = 1e4;
  double mean = 0, variance = 0;
  for (std::size_t t = 0; t < 800; ++t) mean += bars[t * 2] / 800;
  for (std::size_t t = 0; t < 800; ++t) variance += std::pow(bars[t * 2] - mean, 2) / 800;
  for_each_kind([&](EmissionKind emission, CovarianceKind covariance) {
    const FitResult result = sound_fit(bars, two_features, emission, covariance);
    for (std::size_t part = 0; part < result.model.covariances.size(); part += 4)
      EXPECT_GE(result.model.covariances[part], 0.999e-3 * variance) << "below the floor";
  });
}

TEST(EmissionFit, TakesAllFeaturesMissingForAStretchInEveryKind) {
  std::vector<double> bars = trap_bars();
  for (std::size_t i = 300; i < 700; ++i) bars[i] = std::nan("");
  for_each_kind([&](EmissionKind emission, CovarianceKind covariance) {
    sound_fit(bars, two_features, emission, covariance);
  });
}

TEST(EmissionFit, IsTheSameAtALevelOfAHundredMillionInEveryKind) {
  std::vector<double> bars = trap_bars(), lifted = bars;
  for (double& value : lifted) value += 1e8;
  for_each_kind([&](EmissionKind emission, CovarianceKind covariance) {
    EXPECT_NEAR(sound_fit(lifted, two_features, emission, covariance).log_likelihood,
                sound_fit(bars, two_features, emission, covariance).log_likelihood, 1e-2);
  });
}

TEST(EmissionFit, ReportsPositiveLogDensitiesInEveryKind) {
  std::vector<double> bars = trap_bars(), tight = bars;
  for (double& value : tight) value *= 1e-9;
  for_each_kind([&](EmissionKind emission, CovarianceKind covariance) {
    const double small = sound_fit(tight, two_features, emission, covariance).log_likelihood;
    EXPECT_GT(small, 0);
    EXPECT_NEAR(small,
                sound_fit(bars, two_features, emission, covariance).log_likelihood - 1600 * std::log(1e-9),
                1e-2);
  });
}

TEST(EmissionFit, WorksOnAHierarchyOfMixturesAndOfStudentT) {
  const Model truth = market_hierarchy(3);
  const Simulated data = simulate(truth, 1200, 19);
  for (const EmissionKind emission : {EmissionKind::student_t, EmissionKind::mixture}) {
    FitSettings settings;
    settings.emission = emission;
    settings.components = emission == EmissionKind::mixture ? 3 : 1;
    settings.restarts = 2;
    const FitResult result = fit(cpu(), data.bars, truth.features, settings);
    EXPECT_EQ(result.failed_restarts, 0);
    EXPECT_THAT(result.model.labels, testing::ElementsAre("calm", testing::_, "chaos"));
    double own = 0, gaussian = 0;
    filter_series(result.model, data.bars, &own);
    EXPECT_NEAR(own, result.log_likelihood, 1e-6 * std::abs(own));
    filter_series(truth, data.bars, &gaussian);
    EXPECT_GT(own, gaussian - 40);  // it holds the truth, or nearly
    // a refit from the fit itself stays where it is
    const FitResult again = fit(cpu(), data.bars, truth.features, settings, &result.model);
    EXPECT_GE(again.penalised_log_likelihood, result.penalised_log_likelihood - 1e-2);
    EXPECT_EQ(again.model.labels.front(), "calm");
  }
}

TEST(EmissionFit, RefusesComponentsThatDoNotFit) {
  const Simulated data = simulate(market_hierarchy(2), 300, 23);
  const auto message = [&](const FitSettings& settings) -> std::string {
    try {
      fit(cpu(), data.bars, {"market_return", "x"}, settings);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no InputError";
  };
  FitSettings settings;
  settings.components = 2;
  EXPECT_THAT(message(settings), testing::HasSubstr("2 components per state of gaussian"));
  settings.emission = EmissionKind::mixture;
  settings.components = 4;  // 36 parts
  EXPECT_THAT(message(settings), testing::HasSubstr("within 32"));
}

}  // namespace
}  // namespace regent::hmm
