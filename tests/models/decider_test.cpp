#include "models/decider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/error.hpp"
#include "tests/models/small_bundle.hpp"

namespace regent::models {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

std::shared_ptr<Bundle> shared_bundle(const market::Panel& panel) {
  return std::make_shared<Bundle>(small_bundle(panel));
}

std::vector<Decision> decide_all(const std::shared_ptr<Bundle>& bundle, const market::Panel& panel) {
  Decider decider(bundle, panel.symbols, panel.column_set());
  std::vector<Decision> decisions;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) decisions.push_back(decider.update(panel.bar(bar)));
  return decisions;
}

// The forward algorithm over the two regimes, written out in double: chance to be in each, given the bars so
// far.
std::vector<std::vector<double>> regimes_by_hand(const hmm::Model& model, const std::vector<double>& states) {
  std::vector<double> p{model.macro_start[0], model.macro_start[1]};
  std::vector<std::vector<double>> all;
  for (std::size_t bar = 0; bar < states.size() / 2; ++bar) {
    if (bar > 0) {
      const double stay0 = 1 - model.micro_exit[0], stay1 = 1 - model.micro_exit[1];
      p = {p[0] * stay0 + p[1] * (1 - stay1), p[0] * (1 - stay0) + p[1] * stay1};
    }
    for (std::size_t regime = 0; regime < 2; ++regime) {
      for (std::size_t d = 0; d < 2; ++d) {
        const double x = states[bar * 2 + d];
        if (std::isnan(x)) continue;  // both covariances are diagonal, so a missing value drops out
        const double variance = model.covariances[regime * 4 + d * 3];
        const double z = x - model.means[regime * 2 + d];
        p[regime] *= std::exp(-0.5 * z * z / variance) / std::sqrt(2 * std::numbers::pi * variance);
      }
    }
    const double sum = p[0] + p[1];
    p = {p[0] / sum, p[1] / sum};
    all.push_back(p);
  }
  return all;
}

std::vector<double> weights_of(const Bundle& bundle, const std::string& name) {
  const torch::Tensor t = bundle.policy->named_parameters()[name].detach().to(torch::kFloat64).contiguous();
  return {t.data_ptr<double>(), t.data_ptr<double>() + t.numel()};
}

std::vector<double> layer(const std::vector<double>& weight, const std::vector<double>& bias,
                          const std::vector<double>& in) {
  std::vector<double> out(bias);
  for (std::size_t row = 0; row < bias.size(); ++row) {
    for (std::size_t column = 0; column < in.size(); ++column)
      out[row] += weight[row * in.size() + column] * in[column];
  }
  return out;
}

std::vector<double> squashed(std::vector<double> values) {
  for (double& value : values) value = std::tanh(value);
  return values;
}

double conviction_by_hand(const Bundle& bundle, const std::vector<double>& input,
                          const std::vector<double>& macro) {
  const auto first =
      squashed(layer(weights_of(bundle, "trunk.0.weight"), weights_of(bundle, "trunk.0.bias"), input));
  const auto second =
      squashed(layer(weights_of(bundle, "trunk.2.weight"), weights_of(bundle, "trunk.2.bias"), first));
  const auto heads =
      layer(weights_of(bundle, "mean_heads.weight"), weights_of(bundle, "mean_heads.bias"), second);
  return std::tanh(heads[0] * macro[0] + heads[1] * macro[1]);
}

// Weights from convictions by the allocator's definition, from all returns so far.
std::vector<double> weights_by_hand(const market::Panel& panel, std::size_t bar,
                                    const std::vector<double>& convictions) {
  const std::size_t n = panel.symbol_count();
  std::vector<double> covariance(n * n);
  double age = 0, squares = 0;
  const auto change = [&](std::size_t t, std::size_t i) {
    return std::log(panel.at(market::Column::close, t, i) / panel.at(market::Column::close, t - 1, i));
  };
  for (std::size_t t = 1; t <= bar; ++t) {
    const double weight = std::pow(0.5, static_cast<double>(bar - t) / 33.0);
    age += weight;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) covariance[i * n + j] += weight * change(t, i) * change(t, j) * 252;
    }
  }
  std::vector<double> w(n);
  for (std::size_t i = 0; i < n; ++i) {
    w[i] = convictions[i] / std::sqrt(covariance[i * n + i] / age);
    squares += convictions[i] * convictions[i];
  }
  const auto risk = [&] {
    double variance = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) variance += w[i] * w[j] * covariance[i * n + j] / age;
    }
    return std::sqrt(variance);
  };
  const double budget = 0.10 * std::min(1.0, std::sqrt(squares / static_cast<double>(n)));
  const double scale = budget / risk();
  double gross = 0;
  for (double& x : w) {
    x = std::clamp(x * scale, -0.10, 0.10);
    gross += std::abs(x);
  }
  const double shrink = std::min({1.0, 1.0 / gross, budget / risk()});
  for (double& x : w) x *= shrink;
  return w;
}

TEST(Decider, EqualsAComputationOfTheWholeSeriesWrittenOutInDouble) {
  const market::Panel panel = small_market();
  const auto bundle = shared_bundle(panel);
  const auto decisions = decide_all(bundle, panel);
  const market::FeatureTable features = market::compute_features(panel, small_features);
  const auto regimes = regimes_by_hand(bundle->regimes, market::compute_market_state(panel, small_states));
  std::vector<double> positions(4, 0.0);
  std::size_t warm = 0;
  double largest = 0;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    const Decision& found = decisions[bar];
    EXPECT_EQ(found.timestamp_ms, panel.timestamps_ms[bar]);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(found.macro_posterior[i], regimes[bar][i], 1e-9) << bar;
    EXPECT_EQ(found.regime, regimes[bar][0] > regimes[bar][1] ? "calm" : "chaos");
    EXPECT_NEAR(found.confidence, std::max(regimes[bar][0], regimes[bar][1]), 1e-9);
    if (!found.warm) continue;
    ++warm;
    std::vector<double> convictions(4);
    for (std::size_t symbol = 0; symbol < 4; ++symbol) {
      std::vector<double> input;
      for (std::size_t f = 0; f < small_features.size(); ++f) {
        const double value = features.bar(bar)[f * 4 + symbol];
        input.push_back(
            std::clamp((value - bundle->normaliser.means[f]) / bundle->normaliser.scales[f], -5.0, 5.0));
      }
      input.push_back(positions[symbol]);
      for (int copy = 0; copy < 2; ++copy)
        input.insert(input.end(), regimes[bar].begin(), regimes[bar].end());
      convictions[symbol] = conviction_by_hand(*bundle, input, regimes[bar]);
      largest = std::max(largest, std::abs(convictions[symbol]));
      EXPECT_NEAR(found.convictions[symbol], convictions[symbol], 1e-5) << bar << " " << symbol;
    }
    const auto weights = weights_by_hand(panel, bar, convictions);
    for (std::size_t symbol = 0; symbol < 4; ++symbol) {
      EXPECT_NEAR(found.weights[symbol], weights[symbol], 1e-5) << bar << " " << symbol;
    }
    positions = convictions;
  }
  const Decider decider(bundle, panel.symbols, panel.column_set());
  EXPECT_EQ(warm, panel.bars() - static_cast<std::size_t>(decider.warmup_bars()));
  EXPECT_GT(largest, 0.3);  // the network has opinions, so that the comparison means something
}

TEST(Decider, WhatComesLaterChangesNothingBefore) {
  const market::Panel panel = small_market();
  const auto bundle = shared_bundle(panel);
  const auto before = decide_all(bundle, panel);
  market::Panel changed = panel;
  constexpr std::size_t from = 200;
  for (std::size_t bar = from; bar < panel.bars(); ++bar) {
    for (std::size_t symbol = 0; symbol < 4; ++symbol) {
      for (auto& column : changed.columns)
        column[bar * 4 + symbol] *= 1.0 + 0.1 * static_cast<double>(symbol + 1);
    }
  }
  const auto after = decide_all(bundle, changed);
  for (std::size_t bar = 0; bar < from; ++bar) {
    EXPECT_EQ(before[bar].convictions, after[bar].convictions) << bar;
    EXPECT_EQ(before[bar].weights, after[bar].weights) << bar;
    EXPECT_EQ(before[bar].macro_posterior, after[bar].macro_posterior) << bar;
  }
  EXPECT_NE(before[from].convictions, after[from].convictions);
}

TEST(Decider, TwoOverTheSameBarsAgreeToTheLastBit) {
  const market::Panel panel = small_market();
  const auto bundle = shared_bundle(panel);
  TemporaryFolder folder;
  write_bundle(*bundle, folder / "bundle");
  const auto first = decide_all(bundle, panel);
  const auto second = decide_all(std::make_shared<Bundle>(load_bundle(folder / "bundle")), panel);
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    EXPECT_EQ(first[bar].convictions, second[bar].convictions) << bar;
    EXPECT_EQ(first[bar].weights, second[bar].weights) << bar;
    EXPECT_EQ(first[bar].micro_posterior, second[bar].micro_posterior) << bar;
  }
}

TEST(Decider, ASymbolWithoutAPriceIsNotWantedAndTheOthersGoOn) {
  market::Panel panel = small_market();
  const auto bundle = shared_bundle(panel);
  for (std::size_t bar = 150; bar < 160; ++bar) {
    for (auto& column : panel.columns) column[bar * 4 + 2] = missing;
  }
  for (std::size_t symbol = 0; symbol < 4; ++symbol) {  // and one bar that nobody has
    for (auto& column : panel.columns) column[170 * 4 + symbol] = missing;
  }
  const auto decisions = decide_all(bundle, panel);
  for (std::size_t bar = 150; bar < 160; ++bar) {
    ASSERT_TRUE(decisions[bar].warm);
    EXPECT_EQ(decisions[bar].convictions[2], 0) << bar;
    EXPECT_EQ(decisions[bar].weights[2], 0) << bar;
    EXPECT_NE(decisions[bar].convictions[1], 0) << bar;
  }
  EXPECT_EQ(decisions[170].weights, std::vector<double>(4, 0.0));
  EXPECT_NE(decisions[171].convictions[2], 0);
  for (const Decision& decision : decisions) {
    for (const double w : decision.weights) EXPECT_TRUE(std::isfinite(w));
  }
}

TEST(Decider, IsNotWarmBeforeTheRegimeFilterHasSeenTheMarket) {
  market::Panel panel = small_market(100);
  const auto bundle = shared_bundle(panel);
  for (std::size_t bar = 0; bar < 60; ++bar) {
    for (auto& column : panel.columns)
      std::fill_n(column.begin() + static_cast<std::ptrdiff_t>(bar * 4), 4, missing);
  }
  const auto decisions = decide_all(bundle, panel);
  EXPECT_FALSE(decisions[59].warm);
  EXPECT_TRUE(decisions[59].weights.empty());
  EXPECT_TRUE(std::isnan(decisions[59].predicted_volatility));
  EXPECT_TRUE(decisions[99].warm);
}

TEST(Decider, RefusesABadBarAndStandsWhereItStood) {
  const market::Panel panel = small_market();
  const auto bundle = shared_bundle(panel);
  Decider decider(bundle, panel.symbols, panel.column_set());
  const auto undisturbed = decide_all(bundle, panel);
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) {
    if (bar == 100) {
      EXPECT_THROW(decider.update(panel.bar(99)), InputError);  // not later
      market::Panel bad = panel;
      bad.at(market::Column::close, bar, 1) = -1;
      EXPECT_THROW(decider.update(bad.bar(bar)), InputError);
      bad.at(market::Column::close, bar, 1) = std::numeric_limits<double>::infinity();
      EXPECT_THROW(decider.update(bad.bar(bar)), InputError);
      market::BarView lacking = panel.bar(bar);
      lacking.columns[static_cast<std::size_t>(market::Column::volume)] = {};
      EXPECT_THROW(decider.update(lacking), InputError);
    }
    EXPECT_EQ(decider.update(panel.bar(bar)).weights, undisturbed[bar].weights) << bar;
  }
}

TEST(Decider, RefusesAStreamOfOtherSymbolsOrColumns) {
  const market::Panel panel = small_market();
  const auto bundle = shared_bundle(panel);
  std::vector<std::string> symbols = panel.symbols;
  symbols.back() = "ZZZ";
  try {
    Decider(bundle, symbols, panel.column_set());
    FAIL() << "no InputError";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr(panel.symbols.back()), testing::HasSubstr("ZZZ")));
  }
  bundle->manifest.columns = {"close", "volume"};
  market::ColumnSet closes;
  closes.add(market::Column::close);
  EXPECT_THROW(Decider(bundle, panel.symbols, closes), InputError);
}

TEST(Decider, ExplainsItsLastDecisionByGradientTimesInput) {
  const market::Panel panel = small_market();
  const auto bundle = shared_bundle(panel);
  Decider decider(bundle, panel.symbols, panel.column_set());
  Decision last;
  for (std::size_t bar = 0; bar < panel.bars(); ++bar) last = decider.update(panel.bar(bar));
  const Explanation why = decider.explain();
  const std::size_t inputs = why.inputs.size();
  ASSERT_EQ(inputs, small_features.size() + 1 + 2 + 2);
  EXPECT_EQ(why.inputs[0], "log_return");
  EXPECT_EQ(why.inputs[5], "macro.calm");
  for (std::size_t symbol = 0; symbol < 4; ++symbol) {
    std::vector<double> input(why.values.begin() + static_cast<std::ptrdiff_t>(symbol * inputs),
                              why.values.begin() + static_cast<std::ptrdiff_t>((symbol + 1) * inputs));
    EXPECT_NEAR(conviction_by_hand(*bundle, input, last.macro_posterior), last.convictions[symbol], 1e-5);
    for (std::size_t i = 0; i < inputs; ++i) {
      const double step = 1e-5;
      std::vector<double> up = input, down = input;
      up[i] += step;
      down[i] -= step;
      const auto macro = [](const std::vector<double>& x) { return std::vector<double>{x[5], x[6]}; };
      const double gradient =
          (conviction_by_hand(*bundle, up, macro(up)) - conviction_by_hand(*bundle, down, macro(down))) /
          (2 * step);
      EXPECT_NEAR(why.contributions[symbol * inputs + i], gradient * input[i], 1e-4) << why.inputs[i];
    }
    EXPECT_GT(why.volatilities[symbol], 0);
  }
}

}  // namespace
}  // namespace regent::models
