#pragma once
// What the HMM benchmark measures on: series that switch between the states of a known hierarchy, and the
// models that every fit starts from. The same for every program that is compared: written to a folder for the
// peer.

#include <filesystem>
#include <vector>

#include "hmm/model.hpp"

namespace regent::bench {

struct SeriesSet {
  int series = 0;
  std::int64_t bars = 0;
  std::vector<double> values;  // [series, bars, 4]
};

struct Scenario {
  SeriesSet batch;       // 512 series of 4,096 bars
  SeriesSet single;      // one series of 1,000,000 bars
  hmm::Model flat;       // K = 3, full covariances
  hmm::Model hierarchy;  // 3×3, full covariances
};

Scenario make_scenario(bool quick);
// 5,000 series of 10,000 bars (quick: 64 of 2,500) in `batch` alone.
Scenario make_gpu_scenario(bool quick);
void write_scenario(const Scenario& scenario, const std::filesystem::path& folder);
Scenario read_scenario(const std::filesystem::path& folder);

}  // namespace regent::bench
