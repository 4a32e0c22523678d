#include "rl/loss.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "rl/squashed_normal.hpp"

namespace regent::rl {
namespace {

torch::Tensor tensor(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64);
}

// A batch whose ratios p_new / p_old are the given ones, for a standard normal policy at u = 0.3.
LossBatch batch_with_ratios(const std::vector<double>& ratios, const std::vector<double>& advantages) {
  const double now = rl::squashed_log_probability(0.3, 0.0, 0.0);
  std::vector<double> before;
  for (const double ratio : ratios) before.push_back(now - std::log(ratio));
  const std::vector<double> ones(ratios.size(), 1.0);
  return {tensor(std::vector<double>(ratios.size(), 0.3)), tensor(std::vector<double>(ratios.size(), 0.0)),
          tensor(before), tensor(advantages), tensor(ones)};
}

models::PolicyOutput standard_output(std::size_t count, double value = 0) {
  const std::vector<double> zeros(count, 0.0);
  return {tensor(zeros).requires_grad_(), tensor(zeros).requires_grad_(),
          tensor(std::vector<double>(count, value)).requires_grad_()};
}

TEST(Loss, ClipsTheSurrogateAsInTheHandCalculation) {
  // ε = 0.2. min(ratio·A, clip(ratio)·A):  1.5, +1 → 1.2;  0.5, +1 → 0.5;  1.5, −1 → −1.5;  0.5, −1 →
  // −0.8;  1.1, 2 → 2.2
  const LossTerms terms = ppo_loss(
      standard_output(5), batch_with_ratios({1.5, 0.5, 1.5, 0.5, 1.1}, {1, 1, -1, -1, 2}), {0.2, 0, 0});
  EXPECT_NEAR(terms.policy.item<double>(), -(1.2 + 0.5 - 1.5 - 0.8 + 2.2) / 5, 1e-12);
  EXPECT_NEAR(terms.clip_fraction.item<double>(), 0.8, 1e-6);
  double kl = 0;
  for (const double ratio : {1.5, 0.5, 1.5, 0.5, 1.1}) kl += (ratio - 1 - std::log(ratio)) / 5;
  EXPECT_NEAR(terms.kl.item<double>(), kl, 1e-12);
}

TEST(Loss, GivesNoGradientWhereTheClippingTook) {
  const models::PolicyOutput output = standard_output(4);
  const LossTerms terms =
      ppo_loss(output, batch_with_ratios({1.5, 0.5, 1.5, 0.5}, {1, 1, -1, -1}), {0.2, 0, 0});
  terms.total.backward();
  const torch::Tensor gradient = output.mean.grad();
  EXPECT_EQ(gradient[0].item<double>(), 0);
  // d(ratio·A)/d mean = A·ratio·(u − mean)/std² = ±ratio·0.3, and the loss is minus the mean of four
  EXPECT_NEAR(gradient[1].item<double>(), -0.5 * 0.3 / 4, 1e-12);
  EXPECT_NEAR(gradient[2].item<double>(), 1.5 * 0.3 / 4, 1e-12);
  EXPECT_EQ(gradient[3].item<double>(), 0);
}

TEST(Loss, AddsTheTermsByTheirWeights) {
  const LossTerms terms =
      ppo_loss(standard_output(2, 3.0), batch_with_ratios({1, 1}, {0, 0}), {0.2, 0.25, 0.1});
  EXPECT_NEAR(terms.value.item<double>(), 0.5 * (3.0 - 1.0) * (3.0 - 1.0), 1e-12);
  EXPECT_NEAR(terms.total.item<double>(), 0.25 * 2.0 - 0.1 * terms.entropy.item<double>(), 1e-12);
}

TEST(Loss, EntropyEqualsMinusTheIntegralOfPLogP) {
  constexpr double mean = 0.6, log_std = -0.4;
  double exact = 0;
  constexpr double step = 1e-3;
  for (double u = -15; u < 15; u += step) {
    const double log_p = rl::squashed_log_probability(u, mean, log_std);
    exact -= std::exp(log_p) * log_p / (std::cosh(u) * std::cosh(u)) * step;
  }
  constexpr std::uint32_t count = 200000;
  std::vector<double> noise;
  for (std::uint32_t i = 0; i < count; ++i) noise.push_back(action_noise(4, i, 0));
  const torch::Tensor zeros = torch::zeros({count}, torch::kFloat64);
  const models::PolicyOutput output{zeros + mean, zeros + log_std, zeros};
  const LossTerms terms = ppo_loss(output, {zeros, tensor(noise), zeros, zeros, zeros}, {0.2, 0, 1});
  EXPECT_NEAR(terms.entropy.item<double>(), exact, 0.01);
}

TEST(Loss, LogProbabilityEqualsTheHostsInFloat) {
  for (const double u : {-12.0, -3.0, -0.2, 0.0, 0.9, 4.0, 15.0}) {
    const torch::Tensor ours = squashed_log_probability(torch::tensor({static_cast<float>(u)}),
                                                        torch::tensor({0.4F}), torch::tensor({-0.7F}));
    const double expected = rl::squashed_log_probability(static_cast<float>(u), 0.4F, -0.7F);
    EXPECT_NEAR(ours.item<float>(), expected, 1e-6 * std::max(1.0, std::abs(expected)) * 4) << u;
  }
}

}  // namespace
}  // namespace regent::rl
