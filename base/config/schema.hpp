#pragma once
// The sections of the schema, one file each (schema_<section>.cpp).

#include <vector>

#include "base/config/config.hpp"

namespace regent {

std::vector<KeySpec> data_keys();         // reading market data
std::vector<KeySpec> features_keys();     // policy features
std::vector<KeySpec> hmm_keys();          // regimes
std::vector<KeySpec> policy_keys();       // network shape
std::vector<KeySpec> ppo_keys();          // training
std::vector<KeySpec> environment_keys();  // costs and episodes in training
std::vector<KeySpec> allocator_keys();
std::vector<KeySpec> walk_forward_keys();  // folds
std::vector<KeySpec> serving_keys();
std::vector<KeySpec> engine_keys();
std::vector<KeySpec> guardian_keys();
std::vector<KeySpec> governor_keys();
std::vector<KeySpec> venue_keys();  // fees, slippage
std::vector<KeySpec> ledger_keys();
std::vector<KeySpec> report_keys();
std::vector<KeySpec> runtime_keys();  // device, threads, seed

}  // namespace regent
