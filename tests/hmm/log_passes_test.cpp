#include "hmm/log_passes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "hmm/inference.hpp"
#include "hmm/live_filter.hpp"
#include "hmm/log_density.hpp"
#include "tests/hmm/checks.hpp"

namespace regent::hmm {
namespace {

// Two unit Gaussians at 0 and `apart`.
Model two_states(double apart, std::vector<double> transition) {
  Model model;
  model.features = {"x"};
  model.macros = 1;
  model.micros = 2;
  model.macro_start = {1};
  model.macro_transition = {0};
  model.micro_start = {0.5, 0.5};
  model.micro_exit = {0, 0};
  model.micro_transition = std::move(transition);
  model.means = {0, apart};
  model.covariances = {1, 1};
  model.labels = {"regime_0"};
  return model;
}

SeriesBatch observations(const std::vector<double>& series) {
  return {SeriesBatch::Kind::observations, {series}, {}};
}

double log_normal(double x, double mean) {
  return -0.5 * std::log(2 * M_PI) - 0.5 * (x - mean) * (x - mean);
}

TEST(LogPasses, FindEvidenceThatReversesWhereNoTransitionGivesWeightBack) {
  for (const int bars : {25, 200, 2000}) {
    std::vector<double> series(bars, 3.0);
    series.insert(series.end(), bars, 0.0);
    const Model model = two_states(3, {1, 0, 0, 1});
    double one = 0;
    for (const double x : series) one += log_normal(x, 0);  // both states say the same of the whole series
    for (const Precision precision : {Precision::double_, Precision::single}) {
      const auto batch = observations(series);
      EXPECT_NEAR(log_likelihoods(cpu(), {&model, 1}, batch, precision)[0], one, 1e-8 * -one);
      const Posteriors smooth = smoothed_posteriors(cpu(), {&model, 1}, batch, precision);
      for (const double p : smooth.probability[0]) ASSERT_NEAR(p, 0.5, 1e-9);
      const Posteriors filter = filtered_posteriors(cpu(), {&model, 1}, batch, precision);
      EXPECT_NEAR(filter.probability[0].back(), 0.5, 1e-9);
      EXPECT_NEAR(filter.log_likelihood[0], one, 1e-8 * -one);
    }
  }
}

TEST(LogPasses, FindEvidenceThatReversesAfterOneFarBar) {
  const Model model = two_states(38, {1, 0, 0, 1});
  const std::vector<double> series{0, 38};
  const double one = log_normal(0, 0) + log_normal(38, 0);
  const Posteriors smooth = smoothed_posteriors(cpu(), {&model, 1}, observations(series));
  EXPECT_NEAR(smooth.log_likelihood[0], one, 1e-9);
  EXPECT_NEAR(smooth.probability[0][0], 0.5, 1e-9);
}

// Halfway the first state is exp(−4.5·bars) as likely as the second, at the end both are as likely again.
template <class T>
void expect_live_return(const Model& model, const std::vector<double>& series, double one) {
  LiveFilter<T> live(cpu(), {&model, 1});
  for (std::size_t t = 0; t < series.size() / 2; ++t) live.update({&series[t], 1});
  LiveFilter<T> after(cpu(), {&model, 1});
  after.restore(0, live.snapshot(0));
  EXPECT_LT(live.snapshot(0).size(), 1024U);
  for (std::size_t t = series.size() / 2; t < series.size(); ++t) {
    live.update({&series[t], 1});
    after.update({&series[t], 1});
  }
  EXPECT_NEAR(live.posteriors()[0], 0.5, 1e-6);
  EXPECT_NEAR(live.log_likelihood(0), one, 1e-8 * -one);
  EXPECT_EQ(live.posteriors()[0], after.posteriors()[0]);
  EXPECT_EQ(live.log_likelihood(0), after.log_likelihood(0));
}

TEST(LogPasses, KeepLiveFiltersFromLosingWhatLaterEvidenceReverses) {
  const Model model = two_states(3, {1, 0, 0, 1});
  for (const int bars : {25, 200, 2000}) {
    std::vector<double> series(bars, 3.0);
    series.insert(series.end(), bars, 0.0);
    double one = 0;
    for (const double x : series) one += log_normal(x, 0);
    Filter filter(model);
    for (const double x : series) filter.update({&x, 1});
    EXPECT_NEAR(filter.posterior()[0], 0.5, 1e-9) << bars << " bars";
    EXPECT_NEAR(filter.log_likelihood(), one, 1e-8 * -one);
    expect_live_return<float>(model, series, one);
    expect_live_return<double>(model, series, one);
  }
}

TEST(LogPasses, LeaveTheOtherSymbolsOfALiveFilterAsTheyWere) {
  const Model usual = two_states(3, {0.9, 0.1, 0.2, 0.8}), stuck = two_states(3, {1, 0, 0, 1});
  const Model with[] = {usual, stuck, usual}, without[] = {usual, usual, usual};
  LiveFilter<float> mixed(cpu(), with), plain(cpu(), without);
  for (int t = 0; t < 300; ++t) {
    const double bars[] = {std::sin(t), t % 7 == 0 ? std::nan("") : 3, std::cos(t)};
    mixed.update(bars);
    plain.update(bars);
    for (const int e : {0, 1, 4, 5}) ASSERT_EQ(mixed.posteriors()[e], plain.posteriors()[e]);
  }
  EXPECT_EQ(mixed.log_likelihood(0), plain.log_likelihood(0));
  EXPECT_THROW(plain.restore(1, mixed.snapshot(1)), InputError);
}

TEST(LogPasses, CarryATransitionThatIsNearlyImpossible) {
  const Model model = two_states(1, {1, 1e-300, 0, 1});
  const std::vector<double> table{0, -INFINITY, 0, -INFINITY, -INFINITY, 0, -INFINITY, 0};
  const SeriesBatch batch{SeriesBatch::Kind::emission_table, {table}, {}};
  const Posteriors smooth = smoothed_posteriors(cpu(), {&model, 1}, batch);
  EXPECT_NEAR(smooth.log_likelihood[0], std::log(0.5) - 300 * std::log(10.0), 1e-9);
  EXPECT_EQ(smooth.probability[0], (std::vector<double>{1, 0, 1, 0, 0, 1, 0, 1}));
}

TEST(LogPasses, SayWhereDataAreImpossible) {
  const Model model = two_states(1, {1, 0, 0, 1});
  const std::vector<double> table{0, -INFINITY, -INFINITY, 0};
  const LogPass filter = filter_in_logs(model, table), smooth = smooth_in_logs(model, table);
  EXPECT_EQ(filter.log_likelihood, -INFINITY);
  EXPECT_EQ(smooth.log_likelihood, -INFINITY);
  EXPECT_EQ(filter.probability[0], 1);
  EXPECT_TRUE(std::isnan(filter.probability[2]));
  EXPECT_TRUE(std::isnan(smooth.probability[0]));
}

// Every path of a left-right chain of three states, summed in long double.
TEST(LogPasses, EqualEveryPathSummedByHand) {
  const std::uint64_t seed = 20261126;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal(0, 4);
  constexpr int bars = 6;
  Model model = two_states(1, {});
  model.micros = 3;
  model.micro_start = {0.7, 0.3, 0};
  model.micro_transition = {0.6, 0.4, 0, 0, 0.5, 0.5, 0, 0, 1};
  model.micro_exit = {0, 0, 0};
  model.means = {0, 2, -1};
  model.covariances = {1, 2, 0.5};
  std::vector<double> series;
  for (int t = 0; t < bars; ++t) series.push_back(normal(engine));
  const std::vector<double> table = log_densities(model, series);
  long double total = 0;
  std::vector<long double> at(bars * 3, 0);
  for (int path = 0; path < 729; ++path) {
    int states[bars], rest = path;
    for (int& state : states) {
      state = rest % 3;
      rest /= 3;
    }
    long double p = model.micro_start[states[0]];
    for (int t = 0; t < bars; ++t) {
      if (t > 0) p *= model.micro_transition[states[t - 1] * 3 + states[t]];
      p *= std::exp(static_cast<long double>(table[t * 3 + states[t]]));
    }
    total += p;
    for (int t = 0; t < bars; ++t) at[t * 3 + states[t]] += p;
  }
  const Posteriors smooth = smoothed_posteriors(cpu(), {&model, 1}, observations(series));
  EXPECT_NEAR(smooth.log_likelihood[0], static_cast<double>(std::log(total)), 1e-10);
  for (int i = 0; i < bars * 3; ++i) {
    EXPECT_NEAR(smooth.probability[0][i], static_cast<double>(at[i] / total), 1e-12) << "seed " << seed;
  }
}

TEST(LogDensities, AreThoseOfTheNormalLaw) {
  const Model model = two_states(3, {0.5, 0.5, 0.5, 0.5});
  const std::vector<double> series{1.5, std::nan(""), -40};
  const std::vector<double> table = log_densities(model, series);
  EXPECT_NEAR(table[0], log_normal(1.5, 0), 1e-12);
  EXPECT_NEAR(table[1], log_normal(1.5, 3), 1e-12);
  EXPECT_EQ(table[2], 0);
  EXPECT_NEAR(table[5], log_normal(-40, 3), 1e-9);
}

}  // namespace
}  // namespace regent::hmm
