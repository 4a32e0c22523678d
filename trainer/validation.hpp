#pragma once
// A policy without noise on the validation window, through the way that live decisions take: convictions →
// allocator → fills at the next execution price, with costs.

#include <nlohmann/json.hpp>

#include "allocation/allocator.hpp"
#include "market/portfolio_backtest.hpp"
#include "models/policy_network.hpp"
#include "trainer/fold_data.hpp"

namespace regent::trainer {

struct ValidationReport {
  double sharpe = 0;  // annual; NaN when the portfolio never moved, or was ruined
  double annual_return = 0, annual_volatility = 0, drawdown_max = 0;
  double turnover = 0;        // traded value / equity per bar
  double gross_exposure = 0;  // mean
  double conviction = 0;      // mean absolute
  bool ruined = false;        // lost everything, and more: the figures end there
};

nlohmann::json to_json(const ValidationReport& report);

// Decides at the bars [validation_first, validation_end − 2), starting from no position. The policy lies on
// the CPU.
ValidationReport validate_policy(const TrainingData& data, const Fold& fold, const FoldData& fold_data,
                                 models::PolicyNetwork policy, const allocation::AllocatorSettings& settings,
                                 const market::PortfolioCosts& costs);

}  // namespace regent::trainer
