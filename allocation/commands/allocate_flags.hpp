#pragma once
// What `regent allocate` was asked for.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "allocation/commands/wishes.hpp"
#include "market/io/data_input.hpp"

namespace regent::allocation {

struct AllocateFlags {
  market::DataFlags bars;
  std::vector<std::string> data;
  WishFlags wishes;
  std::string method = "eigen-risk", covariance = "ewma";
  std::optional<std::int64_t> window;           // of all estimators but ewma
  std::map<std::string, std::string> settings;  // key of the configuration → value given by a flag
  std::string regime_risk;                      // "chaos=0.5,mid=0.8"
  bool no_hedges = false, no_denoise = false;
  bool walk_forward = false;
  std::int64_t every = 5;  // bars
  std::string compare = "volatility,equal,inverse-variance,minimum-variance,risk-parity";
  double fee = 0.00075, slippage = 0.0005;
  std::string out, plots, metrics;
};

}  // namespace regent::allocation
