#pragma once
// A bundle made by hand on a synthetic market: two macro regimes of one state each, four features, a small
// network whose heads are large enough to have opinions.

#include <torch/torch.h>

#include <cmath>
#include <filesystem>

#include "base/sha256.hpp"
#include "market/feature_stream.hpp"
#include "market/market_state.hpp"
#include "market/synthetic.hpp"
#include "models/bundle.hpp"
#include "tests/base/temporary_folder.hpp"

namespace regent::models {

inline const std::vector<std::string> small_features{"log_return", "realised_volatility_5", "return_5",
                                                     "rsi_14"};
inline const std::vector<std::string> small_states{"market_return", "market_volatility_5"};

inline market::Panel small_market(std::size_t bars = 300, std::uint64_t seed = 3) {
  market::SyntheticMarket settings;
  settings.symbols = 4;
  settings.bars = bars;
  settings.seed = seed;
  return market::make_synthetic_market(settings).panel;
}

inline hmm::Model small_regimes() {
  hmm::Model model;
  model.features = small_states;
  model.macros = 2;
  model.micros = 1;
  model.macro_start = {0.6, 0.4};
  model.macro_transition = {0, 1, 1, 0};
  model.micro_start = {1, 1};
  model.micro_transition = {1, 1};
  model.micro_exit = {0.05, 0.1};
  model.means = {0.0004, -5.3, -0.0005, -4.5};
  model.covariances = {4e-5, 0, 0, 0.15, 3e-4, 0, 0, 0.2};
  model.labels = {"calm", "chaos"};
  return model;
}

inline Bundle small_bundle(const market::Panel& panel, std::uint64_t seed = 1) {
  Bundle bundle;
  bundle.regimes = small_regimes();
  const market::FeatureTable table = market::compute_features(panel, small_features);
  bundle.normaliser = Normaliser::fit(table.values, small_features, panel.symbol_count());
  bundle.policy = PolicyNetwork(
      PolicyShape{static_cast<std::int64_t>(bundle.layout().inputs()), bundle.regimes.macros, 8, 2}, seed);
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : bundle.policy->named_parameters()) {
      if (parameter.key().find("mean_heads.weight") != std::string::npos) parameter.value().mul_(100);
    }
  }
  bundle.config = Config::from_toml("[allocator]\nwarmup_bars = 30\n", "test");
  BundleManifest& m = bundle.manifest;
  m.creator = "regent test";
  m.symbols = panel.symbols;
  m.features = small_features;
  m.columns = {"close"};
  m.data_fingerprint = panel.fingerprint();
  m.train_start_ms = panel.timestamps_ms.front();
  m.train_end_ms = panel.timestamps_ms.back();
  m.serve_from_ms = m.train_end_ms + 1;
  m.metrics = {{"sharpe", 0.5}, {"undefined", nullptr}};
  return bundle;
}

using test::TemporaryFolder;

}  // namespace regent::models
