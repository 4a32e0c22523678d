// The account by which checkpoints are judged.

#include "trainer/validation.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace regent::trainer {
namespace {

// A market of one symbol, and a policy that is short of it all the time.
struct ShortSeller {
  static constexpr std::size_t bars = 120, jump = 100;
  TrainingData data;
  Fold fold;
  FoldData fold_data;
  models::PolicyNetwork policy{models::PolicyShape{6, 2, 4, 1}, 1};
  allocation::AllocatorSettings settings;

  explicit ShortSeller(double jump_factor) {
    data.panel.symbols = {"A"};
    double price = 100;
    for (std::size_t bar = 0; bar < bars; ++bar) {
      price *= bar == jump ? jump_factor : bar % 2 == 0 ? 1.01 : 0.99;
      data.panel.timestamps_ms.push_back(static_cast<TimestampMs>(bar) * day_ms);
      data.execution_price.push_back(price);
    }
    data.panel.columns[static_cast<std::size_t>(market::Column::close)] = data.execution_price;
    fold.validation_first = 60;
    fold.validation_end = bars;
    fold_data.layout = {1, 2, 2};
    fold_data.labels = {"calm", "chaos"};
    fold_data.bars = bars;
    fold_data.features.assign(bars, 0.0F);
    for (std::size_t bar = 0; bar < bars; ++bar) {
      fold_data.macro.insert(fold_data.macro.end(), {1, 0});
      fold_data.micro.insert(fold_data.micro.end(), {1, 0});
    }
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& weight : policy->parameters()) weight.zero_();
    policy->named_parameters()["mean_heads.bias"].fill_(-3);
    settings.target_volatility = 1;
    settings.position_max = settings.gross_max = 1;
  }
  ValidationReport judged() { return validate_policy(data, fold, fold_data, policy, settings, {}); }
};

TEST(Validation, GoesOnAfterALossAndSaysWhatItWas) {
  const ValidationReport report = ShortSeller(1.5).judged();
  EXPECT_FALSE(report.ruined);
  EXPECT_LT(report.sharpe, 0);
  EXPECT_GT(report.drawdown_max, 0.45);
  EXPECT_FALSE(to_json(report).contains("ruined"));
}

TEST(Validation, OfAPolicyThatLosesMoreThanItsAccountHasNoSharpeRatioAndDoesNotEndTheTraining) {
  const ValidationReport report = ShortSeller(4).judged();
  EXPECT_TRUE(report.ruined);
  EXPECT_TRUE(std::isnan(report.sharpe));
  EXPECT_EQ(report.annual_return, -1);
  EXPECT_EQ(report.drawdown_max, 1);
  EXPECT_NEAR(report.conviction, std::tanh(3.0), 1e-6);
  EXPECT_EQ(to_json(report).at("sharpe"), nullptr);
  EXPECT_EQ(to_json(report).at("ruined"), true);
}

}  // namespace
}  // namespace regent::trainer
