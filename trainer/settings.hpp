#pragma once
// The configuration as a training run uses it.

#include <cstdint>
#include <map>
#include <string>

#include "base/config/config.hpp"
#include "hmm/fit.hpp"
#include "market/portfolio_backtest.hpp"
#include "models/policy_network.hpp"
#include "rl/ppo.hpp"
#include "trainer/walk_forward.hpp"

namespace regent::trainer {

struct TrainingSettings {
  WalkForwardSettings walk_forward;
  hmm::FitSettings regimes;
  rl::PpoSettings ppo;
  std::int64_t hidden = 64, layers = 2;
  market::PortfolioCosts costs;  // of validation, as the paper venue takes them
  std::uint64_t seed = 1;
};

TrainingSettings training_settings(const Config& config);

// Folds draw different numbers from one seed.
std::uint64_t seed_of_fold(std::uint64_t seed, std::size_t fold);

// Key → value as TOML text of everything that a bundle depends on: two runs with equal texts, data, program
// and device make equal bundles.
std::map<std::string, std::string> identity_of(const Config& config);

}  // namespace regent::trainer
