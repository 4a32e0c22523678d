#include "models/policy_network.hpp"

#include <gtest/gtest.h>

#include <set>

namespace regent::models {
namespace {

torch::Tensor weight(const PolicyNetwork& network, const std::string& name) {
  return network->named_parameters()[name].detach();
}

TEST(PolicyNetwork, StartsWithOrthogonalTrunkLayersOfTheStatedGain) {
  const PolicyNetwork network(PolicyShape{17, 3, 32, 3}, 5);
  for (const char* const name : {"trunk.0.weight", "trunk.2.weight", "trunk.4.weight"}) {
    const torch::Tensor w = weight(network, name).to(torch::kFloat64);
    const bool wide = w.size(0) <= w.size(1);
    const torch::Tensor gram = wide ? w.mm(w.t()) : w.t().mm(w);
    EXPECT_LT((gram - 2 * torch::eye(gram.size(0), torch::kFloat64)).abs().max().item<double>(), 1e-5)
        << name;
  }
  const torch::Tensor heads = weight(network, "mean_heads.weight").to(torch::kFloat64);
  EXPECT_LT((heads.mm(heads.t()) - 1e-4 * torch::eye(3, torch::kFloat64)).abs().max().item<double>(), 1e-9);
  EXPECT_EQ(weight(network, "trunk.0.bias").abs().max().item<float>(), 0);
}

TEST(PolicyNetwork, IsTheSameForTheSameSeedAndAnotherForAnotherSeed) {
  const PolicyShape shape{17, 3, 32, 2};
  const PolicyNetwork first(shape, 5), again(shape, 5), other(shape, 6);
  for (const auto& parameter : first->named_parameters()) {
    EXPECT_TRUE(torch::equal(parameter.value(), weight(again, parameter.key()))) << parameter.key();
  }
  EXPECT_FALSE(torch::equal(weight(first, "trunk.0.weight"), weight(other, "trunk.0.weight")));
  EXPECT_FALSE(torch::equal(weight(first, "trunk.2.weight"), weight(other, "trunk.2.weight")));
}

TEST(PolicyNetwork, DrawsEveryWeightFromItsOwnCounter) {
  const PolicyNetwork network(PolicyShape{40, 3, 64, 2}, 1);
  const torch::Tensor w = weight(network, "trunk.2.weight").flatten();
  std::set<float> distinct;
  for (std::int64_t i = 0; i < w.numel(); ++i) distinct.insert(w[i].item<float>());
  EXPECT_GT(distinct.size(), static_cast<std::size_t>(w.numel()) - 20);  // equal floats by chance are rare
}

TEST(PolicyNetwork, MixesItsHeadsByTheMacroPosterior) {
  PolicyNetwork network(PolicyShape{9, 3, 16, 2}, 2);
  {
    const torch::NoGradGuard no_grad;
    network->named_parameters()["log_std"].copy_(torch::tensor({-1.0F, 0.0F, 0.5F}));
  }
  const torch::NoGradGuard no_grad;
  const torch::Tensor observation = torch::linspace(-1, 1, 4 * 9).view({4, 9});
  std::vector<PolicyOutput> alone;
  for (int head = 0; head < 3; ++head) {
    torch::Tensor posterior = torch::zeros({4, 3});
    posterior.select(1, head).fill_(1);
    alone.push_back(network->forward(observation, posterior));
    EXPECT_TRUE(torch::allclose(alone.back().log_std, torch::full({4}, std::array{-1.0F, 0.0F, 0.5F}[head])));
  }
  EXPECT_FALSE(torch::allclose(alone[0].mean, alone[1].mean));
  const torch::Tensor posterior = torch::tensor({0.2F, 0.5F, 0.3F}).expand({4, 3});
  const PolicyOutput mixed = network->forward(observation, posterior);
  EXPECT_TRUE(torch::allclose(mixed.mean, 0.2 * alone[0].mean + 0.5 * alone[1].mean + 0.3 * alone[2].mean,
                              1e-5, 1e-7));
  EXPECT_TRUE(torch::allclose(mixed.value, 0.2 * alone[0].value + 0.5 * alone[1].value + 0.3 * alone[2].value,
                              1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(mixed.log_std, torch::full({4}, -0.2F + 0.15F)));
}

TEST(PolicyNetwork, ActsOnEachRowAlone) {
  PolicyNetwork network(PolicyShape{9, 3, 16, 2}, 2);
  const torch::NoGradGuard no_grad;
  const torch::Tensor observation = torch::linspace(-1, 1, 4 * 9).view({4, 9});
  const torch::Tensor posterior = torch::full({4, 3}, 1.0F / 3);
  const torch::Tensor together = network->forward(observation, posterior).mean;
  for (std::int64_t row = 0; row < 4; ++row) {
    const torch::Tensor alone =
        network->forward(observation.narrow(0, row, 1), posterior.narrow(0, row, 1)).mean;
    EXPECT_NEAR(alone.item<float>(), together[row].item<float>(), 1e-6);
  }
}

}  // namespace
}  // namespace regent::models
