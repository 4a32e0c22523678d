#pragma once
// A training run on disk (safetensors): weights, Adam's moments, the lanes and the counters. A run restored
// from it continues bit for bit on the same kind of device.

#include <string>

#include "models/policy_network.hpp"
#include "rl/collector.hpp"
#include "rl/ppo.hpp"

namespace regent::rl {

// What a checkpoint is made of; references into the running training.
struct Training {
  const PpoSettings& settings;
  const PpoData& data;
  models::PolicyNetwork& policy;
  torch::optim::Adam& optimiser;
  CollectorState& collector;
  int& iteration;
};

// Written whole or not at all. Throws Error when it cannot be written.
void write_checkpoint(const Training& training, const std::string& file);

// Throws InputError, and changes nothing, when the file is damaged or belongs to other settings, other data
// or another network: it says which.
void read_checkpoint(const Training& training, const std::string& file);

}  // namespace regent::rl
