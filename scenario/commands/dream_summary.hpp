#pragma once
// What a dream says of a portfolio, in numbers.

#include <nlohmann/json.hpp>

#include "scenario/commands/dream_run.hpp"
#include "scenario/facts.hpp"
#include "scenario/risk.hpp"

namespace regent::scenario {

struct StressSummary {
  std::string name;
  double mean = 0, median = 0, worst_twentieth = 0;  // of profits, fractions of the equity at the start
  double against_baseline = 0;                       // mean difference of the same paths
  Risk risk95, risk99;
  double drawdown_median = 0, drawdown_95 = 0;
  Share loses_fifth, ruined;              // P(profit <= −20 %), P(ruin)
  Share robust;                           // P(neither ruined nor ever down by more than the limit)
  double turnover = 0, costs = 0;         // means
  std::vector<std::int64_t> worst_paths;  // numbers, the worst first
};

// Whether a quantile of losses lies at the equity at which paths stop, or the mean beyond it holds paths that
// stopped: what they would have lost is not in the number. Nothing is cut off where all may be lost.
inline bool var_cut_off(const StressSummary& s, double ruin) {
  return ruin > 0 && s.risk99.value_at_risk >= 1 - ruin;
}
inline bool es_cut_off(const StressSummary& s, double ruin) {
  return ruin > 0 && s.ruined.share > 0;
}

// Of paths that are made again step by step.
struct RegimeRow {
  std::string label;
  double share = 0, share_in_worst = 0;  // of all steps, and of the steps of the worst twentieth of paths
  double mean = 0, deviation = 0;        // of the portfolio's return at a step; NaN where there is none
};

struct DreamSummary {
  std::vector<StressSummary> stresses;
  std::vector<RegimeRow> regimes;
  std::vector<Comparison> facts, tails;  // empty without data
  std::size_t compared_bars = 0;         // of history, its last ones, and of each dream beside it
};

// The mean share of robust paths over all scenarios, and the scenario with the fewest.
struct Robustness {
  double mean = 0;
  const StressSummary* least = nullptr;
};
Robustness robustness_of(const DreamSummary& summary);

// device: where paths are put in order; drawdown_limit: that a robust path keeps
StressSummary summary_of(const cuda::Resources& device, const std::string& name,
                         const cuda::scenario::Outcomes& outcomes, const cuda::scenario::Outcomes& baseline,
                         double drawdown_limit);

// The baseline's first paths again, up to two thousand; writes fan.parquet and regimes.parquet into --out.
DreamSummary summary_of(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed);

nlohmann::ordered_json summary_json(const DreamFlags& flags, const DreamSetup& setup, const Dreamed& dreamed,
                                    const DreamSummary& summary);

}  // namespace regent::scenario
