#include "rl/evaluation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/rl/small_training.hpp"

namespace regent::rl {
namespace {

const cuda::Resources& cpu() {
  static const cuda::Resources resources = cuda::Resources::make("cpu");
  return resources;
}

TEST(Evaluation, WalksEverySymbolOnceThroughTheBars) {
  const std::vector<float> returns{0, 0, 0.1F, -0.2F, 0.3F, 0.05F, 0, 0};  // 4 bars, 2 symbols
  const std::vector<float> scales(8, 0.01F);
  const std::vector<float> positions{1, -0.5F, 1, 0.5F};  // for bars 1 and 2
  const cuda::EnvironmentSettings settings{0.01, 1.0, 2};
  const Evaluation walked = evaluate_positions(cpu(), settings, {returns, scales, 4, 2}, 1, 3, positions);
  // symbol 0: in at 1 % cost, then held; symbol 1: −0.5, drifted by −20 % to −0.5·0.8/1.1, then turned to 0.5
  const double first = 0.99 * 1.1, second = 1.3;
  const double third = (1 - 0.005) * (1 + 0.1), drifted = -0.5 * 0.8 / 1.1;
  const double fourth = (1 - 0.01 * (0.5 - drifted)) * (1 + 0.5 * 0.05);
  EXPECT_NEAR(walked.net_returns[0], first - 1, 1e-6);
  EXPECT_NEAR(walked.net_returns[2], second - 1, 1e-6);
  EXPECT_NEAR(walked.net_returns[1], third - 1, 1e-6);
  EXPECT_NEAR(walked.net_returns[3], fourth - 1, 1e-6);
  EXPECT_NEAR(walked.log_return, 0.5 * (std::log(first * second) + std::log(third * fourth)), 1e-6);
  EXPECT_NEAR(walked.turnover, (1 + 0 + 0.5 + 1) / 4, 1e-6);
  const double a = 0.5 * std::log(first * third), b = 0.5 * std::log(second * fourth);
  EXPECT_NEAR(walked.log_return_error, std::abs(a - b) / std::sqrt(2.0), 1e-6);
}

TEST(Evaluation, LeavesARuinedSymbolFlat) {
  const std::vector<float> returns{2.0F, 0.5F, 0.5F, 0, 0};
  const std::vector<float> scales(5, 0.01F);
  const Evaluation walked =
      evaluate_positions(cpu(), {0.001, 1, 10}, {returns, scales, 5, 1}, 0, 3, std::vector<float>{-1, 1, 1});
  EXPECT_FLOAT_EQ(walked.net_returns[0], -0.95F);
  EXPECT_EQ(walked.net_returns[1], 0);
  EXPECT_EQ(walked.net_returns[2], 0);
  EXPECT_NEAR(walked.log_return, std::log(0.05), 1e-6);
}

TEST(Evaluation, OfAPolicyTellsItTheConvictionThatFilledLast) {
  SmallTraining training(1);
  // a network that answers 0.5 plus what it holds: mean = atanh-like ramp that never falls
  {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& weight : training.policy->parameters()) weight.zero_();
    auto weights = training.policy->named_parameters();
    weights["trunk.0.weight"][0][2] = 1;  // input 2 is the position
    weights["trunk.2.weight"][0][0] = 1;
    weights["mean_heads.weight"].select(1, 0).fill_(1);
    weights["mean_heads.bias"].fill_(0.1F);
  }
  auto& market = training.market;
  market.returns[42 * 3] = std::numeric_limits<float>::quiet_NaN();  // symbol 0 cannot trade at bar 42
  const Evaluation walked =
      evaluate(training.resources, training.settings.environment, market.range(40, 45), training.policy);
  std::array<double, 3> held{};
  for (std::size_t bar = 0; bar < 5; ++bar) {
    for (std::size_t symbol = 0; symbol < 3; ++symbol) {
      const double expected = std::tanh(0.1 + std::tanh(std::tanh(held[symbol])));
      EXPECT_NEAR(walked.positions[bar * 3 + symbol], expected, 1e-6)
          << "bar " << bar << " symbol " << symbol;
      if (bar != 2 || symbol != 0) held[symbol] = expected;
    }
  }
}

}  // namespace
}  // namespace regent::rl
