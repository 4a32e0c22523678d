#include "hmm/log_expectation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "hmm/fit.hpp"
#include "tests/cuda/hmm/expected_counts.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::AnyShape;
using cuda::hmm::CountLayout;
using cuda::hmm::EmissionLaw;

struct CountedInLogs {
  AnyShape shape;
  std::vector<double> log_likelihood, counts;
  CountedInLogs(const cuda::hmm::reference::Hierarchy& h, const std::vector<double>& series)
      : shape(cuda::hmm::ShapeNumbers{h.macros, h.micros, h.dimension}) {
    const EmissionLaw law = h.dof.empty() ? EmissionLaw::gaussian : EmissionLaw::student_t;
    counts.resize(CountLayout<AnyShape>{shape}.rows(law));
    log_likelihood = {
        expect_in_logs({h.macros, h.micros, h.dimension}, law, cuda::hmm::lane_of(h), series, counts)};
  }
  double count(int, int row) const { return counts[row]; }
};

TEST(LogExpectation, EqualsEveryPathSummedByHand) {
  const int shapes[][4] = {{1, 2, 2, 8}, {1, 3, 4, 6}, {3, 3, 4, 4},
                           {2, 2, 1, 6}, {3, 2, 3, 4}, {2, 3, 5, 4}};
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto& [macros, micros, dimension, steps] = shapes[seed % 6];
    cuda::hmm::reference::Generator generator(seed + 5000);
    auto h = generator.hierarchy(macros, micros, dimension, seed % 4 == 0);
    if (seed > 12) h = generator.student(h);
    for (int k = 0; k < h.states() && micros > 1; ++k) {  // a move that may not be
      double& gone = h.micro_transition[k * micros + (k + 1) % micros];
      h.micro_transition[k * micros + k % micros] += gone;
      gone = 0;
    }
    const std::vector<double> series =
        generator.series(h, seed % 5 == 0 ? 1 : steps, seed % 2 == 0 ? 0.4 : 0);
    cuda::hmm::expect_counts(CountedInLogs(h, series), 0, h, series, 1e-10);
  }
}

// Two states of one feature; from the second there is no way back. A path is the bar at which it moves, so
// all of them can be summed in logs.
struct LeftRight {
  double move;  // probability of it
  double means[2], variances[2];
};

double log_normal(double x, double mean, double variance) {
  return -0.5 * std::log(2 * M_PI * variance) - 0.5 * (x - mean) * (x - mean) / variance;
}

struct EveryPath {
  double log_likelihood = 0, moves = 0, stays = 0;
  std::vector<double> second;  // [T] P(second state | all bars)

  EveryPath(const LeftRight& model, const std::vector<double>& bars) : second(bars.size(), 0) {
    const std::size_t steps = bars.size();
    std::vector<double> logs;  // [s − 1]: the bar s = 1 … T at which the second state begins, T: never
    for (std::size_t s = 1; s <= steps; ++s) {
      double sum = static_cast<double>(std::min(s, steps) - 1) * std::log1p(-model.move);
      if (s < steps) sum += std::log(model.move);
      for (std::size_t t = 0; t < steps; ++t)
        sum += log_normal(bars[t], model.means[t >= s], model.variances[t >= s]);
      logs.push_back(sum);
    }
    const double largest = *std::ranges::max_element(logs);
    double total = 0;
    for (const double value : logs) total += std::exp(value - largest);
    log_likelihood = largest + std::log(total);
    for (std::size_t s = 1; s <= steps; ++s) {
      const double p = std::exp(logs[s - 1] - log_likelihood);
      stays += p * static_cast<double>(s - 1);
      moves += s < steps ? p : 0;
      for (std::size_t t = s; t < steps; ++t) second[t] += p;
    }
  }

  // One EM step without priors.
  LeftRight maximised(const std::vector<double>& bars) const {
    LeftRight result{moves / (moves + stays), {}, {}};
    for (int k = 0; k < 2; ++k) {
      double weight = 0, first = 0, square = 0;
      for (std::size_t t = 0; t < bars.size(); ++t) {
        const double share = k == 1 ? second[t] : 1 - second[t];
        weight += share;
        first += share * bars[t];
        square += share * bars[t] * bars[t];
      }
      result.means[k] = first / weight;
      result.variances[k] = square / weight - result.means[k] * result.means[k];
    }
    return result;
  }
};

// The first state, a long visit of the values of the second to which later bars give the lie, and the second
// at last: in the middle of it the first state is 1e-470 as likely as the second, or less.
std::vector<double> bars_that_return(std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> bars;
  for (const auto& [mean, count] :
       {std::pair{0.0, 30}, std::pair{6.0, 60}, std::pair{0.0, 200}, std::pair{6.0, 20}}) {
    for (int i = 0; i < count; ++i) bars.push_back(mean + normal(engine));
  }
  return bars;
}

constexpr LeftRight given{0.01, {0.2, 5.5}, {1, 1.2}};

// As a flat model with a mask, and as two macro regimes of one state of which the second is never left.
Model flat() {
  Model model;
  model.features = {"x"};
  model.macros = 1;
  model.micros = 2;
  model.macro_start = {1};
  model.macro_transition = {0};
  model.micro_start = {1, 0};
  model.micro_transition = {1 - given.move, given.move, 0, 1};
  model.micro_exit = {0, 0};
  model.means = {given.means[0], given.means[1]};
  model.covariances = {given.variances[0], given.variances[1]};
  model.labels = {"regime_0"};
  return model;
}
Model of_regimes() {
  Model model = flat();
  model.macros = 2;
  model.micros = 1;
  model.macro_start = {1, 0};
  model.macro_transition = {0, 1, 1, 0};
  model.micro_start = {1, 1};
  model.micro_transition = {1, 1};
  model.micro_exit = {given.move, 0};
  model.labels = {"regime_0", "regime_1"};
  return model;
}

FitSettings one_step_from(const Model& start) {
  FitSettings settings;
  settings.macros = start.macros;
  settings.micros = start.micros;
  settings.start = start;
  settings.restarts = 0;
  settings.iterations_max = 2;
  settings.tolerance = settings.sticky = settings.inverse_wishart_strength = 0;
  settings.covariance_floor = 1e-9;
  settings.dirichlet = 1;
  (start.macros == 1 ? settings.allowed_micro : settings.allowed_macro) =
      start.macros == 1 ? std::vector<std::uint8_t>{1, 1, 0, 1} : std::vector<std::uint8_t>{0, 1, 0, 0};
  return settings;
}

TEST(LogExpectation, FitsMaskedModelsWhereAStateIsFarOffAndComesBack) {
  const std::uint64_t seed = 20261127;
  const std::vector<double> bars = bars_that_return(seed);
  const EveryPath truth(given, bars);
  const LeftRight after = truth.maximised(bars);
  ASSERT_LT(truth.second[120], 1e-9) << "the second state begins at the last bars alone, seed " << seed;
  const double log_likelihood = EveryPath(after, bars).log_likelihood;
  for (const bool in_double : {false, true}) {
    for (const Model& start : {flat(), of_regimes()}) {
      SCOPED_TRACE(std::to_string(start.macros) + (in_double ? " macros, double" : " macros, float"));
      FitSettings settings = one_step_from(start);
      settings.double_precision = in_double;
      const FitResult result = fit(cuda::Resources::make("cpu"), bars, {"x"}, settings);
      ASSERT_EQ(result.failed_restarts, 0);
      EXPECT_NEAR(result.log_likelihood, log_likelihood, 1e-8 * std::abs(log_likelihood));
      const Model& model = result.model;
      EXPECT_NEAR(start.macros == 1 ? model.micro_transition[1] : model.micro_exit[0], after.move, 1e-9);
      for (int k = 0; k < 2; ++k) {
        EXPECT_NEAR(model.means[k], after.means[k], 1e-8);
        EXPECT_NEAR(model.covariances[k], after.variances[k], 1e-8);
      }
    }
  }
}

}  // namespace
}  // namespace regent::hmm
