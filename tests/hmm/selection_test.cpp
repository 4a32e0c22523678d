#include "hmm/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.hpp"
#include "hmm/filter.hpp"
#include "tests/hmm/checks.hpp"
#include "tests/hmm/simulation.hpp"

namespace regent::hmm {
namespace {

// Three persistent states of two features.
std::vector<double> three_states(int bars, std::uint64_t seed) {
  Model model = market_hierarchy(2);
  model.macros = 1;
  model.micros = 3;
  model.macro_start = model.macro_transition = {1};
  model.micro_start = {0.4, 0.3, 0.3};
  model.micro_transition = {0.95, 0.03, 0.02, 0.05, 0.9, 0.05, 0.04, 0.06, 0.9};
  model.micro_exit = {0, 0, 0};
  model.means = {0, 0, 2, -1, -2, 2};
  model.covariances = {1, 0.2, 0.2, 1, 0.5, 0, 0, 0.5, 2, -0.5, -0.5, 1};
  model.labels = {"regime_0"};
  return simulate(model, bars, seed).bars;
}

std::vector<FitSettings> flat_candidates(int states_max) {
  std::vector<FitSettings> candidates;
  for (int states = 1; states <= states_max; ++states) {
    FitSettings settings;
    settings.macros = 1;
    settings.micros = states;
    settings.restarts = 4;
    candidates.push_back(settings);
  }
  return candidates;
}

// −2L = 200, 10 parameters, 100 bars, by hand.
TEST(InformationCriteria, AreTheirFormulas) {
  const InformationCriteria found = criteria(-100, 10, 100);
  EXPECT_DOUBLE_EQ(found.aic, 220);
  EXPECT_NEAR(found.aicc, 220 + 220.0 / 89, 1e-12);
  EXPECT_NEAR(found.bic, 200 + 10 * 4.605170185988092, 1e-12);
  EXPECT_NEAR(found.hqic, 200 + 20 * 1.5271796258079011, 1e-12);
  EXPECT_EQ(criteria(-100, 99, 100).aicc, INFINITY);
}

TEST(Selection, TakesTheNumberOfStatesThatTheDataHave) {
  const std::vector<double> bars = three_states(1500, 3);
  const std::vector<SelectionRow> rows = select(cpu(), bars, {"market_return", "x"}, flat_candidates(5), 0.2);
  ASSERT_EQ(rows.size(), 5U);
  int by_bic = 0, by_hqic = 0;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(rows[i].error, "");
    EXPECT_EQ(rows[i].bars, 1500);
    if (rows[i].criteria.bic < rows[by_bic].criteria.bic) by_bic = i;
    if (rows[i].criteria.hqic < rows[by_hqic].criteria.hqic) by_hqic = i;
  }
  EXPECT_EQ(by_bic, 2);
  EXPECT_EQ(by_hqic, 2);
  // too few states are worse on bars that the fit has not seen, too many are no better to speak of
  EXPECT_GT(rows[2].held_out_log_likelihood, rows[1].held_out_log_likelihood + 0.01);
  EXPECT_LT(rows[4].held_out_log_likelihood, rows[2].held_out_log_likelihood + 0.01);
}

// log p(held out | seen) by the definition: the filter goes on where the fitted bars end.
TEST(Selection, ScoresHeldOutBarsByTheFilterCarriedOver) {
  std::vector<double> bars = three_states(500, 5);
  for (int t = 450; t < 460; ++t) bars[t * 2] = bars[t * 2 + 1] = std::nan("");  // no evidence, no bars
  const std::vector<FitSettings> candidates{flat_candidates(2).back()};
  const std::vector<std::string> features{"market_return", "x"};
  const std::vector<SelectionRow> rows = select(cpu(), bars, features, candidates, 0.2);
  const std::span<const double> all(bars);
  const FitResult fitted = fit(cpu(), all.first(400 * 2), features, candidates[0]);
  Filter filter(fitted.model);
  double seen = 0;
  for (int t = 0; t < 500; ++t) {
    if (t == 400) seen = filter.log_likelihood();
    filter.update(all.subspan(t * 2, 2));
  }
  EXPECT_NEAR(rows[0].held_out_log_likelihood, (filter.log_likelihood() - seen) / 90, 1e-12);
  EXPECT_TRUE(std::isnan(select(cpu(), bars, features, candidates, 0)[0].held_out_log_likelihood));
}

TEST(Selection, SaysWhichCandidateCannotBeFittedAndGoesOn) {
  const std::vector<double> bars = three_states(60, 7);
  std::vector<FitSettings> candidates = flat_candidates(2);
  candidates[0].micros = 20;
  const std::vector<SelectionRow> rows = select(cpu(), bars, {"market_return", "x"}, candidates, 0);
  EXPECT_THAT(rows[0].error, testing::HasSubstr("20 states"));
  EXPECT_TRUE(std::isnan(rows[0].criteria.bic));
  EXPECT_TRUE(std::isnan(rows[0].criteria.aicc));
  EXPECT_EQ(rows[1].error, "");
  EXPECT_TRUE(std::isfinite(rows[1].criteria.bic));
  EXPECT_THROW(select(cpu(), bars, {"market_return", "x"}, candidates, 0.95), InputError);
  EXPECT_THROW(select(cpu(), {}, {"market_return", "x"}, candidates, 0), InputError);
}

}  // namespace
}  // namespace regent::hmm
