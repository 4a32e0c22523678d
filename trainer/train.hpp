#pragma once
// The whole of `regent train` behind its flags: folds in order, one bundle each, resumable.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/config/config.hpp"
#include "market/panel.hpp"

namespace regent::trainer {

struct TrainRequest {
  std::filesystem::path out;
  bool resume = false;
  bool quick = false;                   // for the record: the configuration has it applied already
  std::vector<std::string> data_files;  // for the record
  std::function<bool()> stop;           // asked between iterations; empty: never
};

struct TrainOutcome {
  bool complete = false;  // false: stopped, a checkpoint was left
  std::size_t folds = 0, folds_done = 0;
  std::vector<std::string> fingerprints;  // of the finished folds' bundles, in order
};

// Throws InputError for a configuration, data or folder that cannot be used.
TrainOutcome train(const Config& config, market::Panel panel, const TrainRequest& request);

}  // namespace regent::trainer
