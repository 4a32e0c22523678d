#pragma once
// The numbers of a report, each computed from the ledger alone (trials come from the training record).

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "market/performance.hpp"
#include "report/run_record.hpp"

namespace regent::report {

// Every Sharpe ratio that was looked at before a policy was chosen: seeds, configurations, checkpoints.
struct Trials {
  std::size_t count = 0;
  double sharpe_variance = 0;  // over the trials' annualised Sharpe ratios; 0 with fewer than two
};
Trials trials_from_training(const nlohmann::json& training);

struct Curves {
  std::vector<double> policy, ungated, hold;  // equity at each traded bar's close
};

// Simple returns between consecutive equities. What is ruined (an equity of 0 or less) lost everything, and
// earns 0 from then on: a run that failed is the one that must be reported. Throws InputError for a NaN.
std::vector<double> returns_of(const std::vector<double>& equity);

nlohmann::json compute_metrics(const RunRecord& run, const Curves& curves, const Trials& trials);

// One honest sentence: whether the policy beat buy and hold, and by what.
std::string verdict(const nlohmann::json& metrics);

}  // namespace regent::report
