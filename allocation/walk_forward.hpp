#pragma once
// Portfolios as they would have been held: weights decided after a bar from that bar and those before it,
// filled at the next bar's execution prices, with costs.

#include <functional>
#include <memory>
#include <string>

#include "allocation/ewma_risk.hpp"
#include "allocation/window_risk.hpp"
#include "market/panel.hpp"
#include "market/portfolio_backtest.hpp"

namespace regent::allocation {

struct RiskSettings {
  Estimator estimator = Estimator::ewma;
  std::size_t window = 252;  // returns, of all estimators but ewma
};

// After each bar: what is known of risk. Half-lives, warm-up and denoising are those of the settings.
class RiskSource {
 public:
  RiskSource(std::size_t symbols, const RiskSettings& risk, const AllocatorSettings& settings);
  void update(std::span<const double> closes);
  KnownRisk known() const;

 private:
  AllocatorSettings settings_;
  std::unique_ptr<EwmaRisk> ewma_;
  std::unique_ptr<WindowRisk> window_;
};

struct Candidate {
  std::string name;
  AllocatorSettings settings;
  bool fully_invested = false;  // weights sum to 1, whatever they risk: no target, no caps
};

// What is decided at a bar; each reads nothing after it.
struct Wish {
  std::vector<double> convictions;  // [symbols], NaN: none
  std::string regime;               // multiplies the budget by regime_risk; "": 1
};
using Wishes = std::function<Wish(std::size_t bar)>;

struct Held {
  std::string name;
  std::vector<std::size_t> bars;     // [decisions]
  std::vector<std::string> regimes;  // [decisions]
  std::vector<double> weights;       // [decisions, symbols]
  std::vector<double> predicted;     // [decisions] annual volatility
  Weights last;                      // of the last decision
  market::PortfolioResult account;   // of the bars from the first fill on
};

struct WalkForward {
  std::vector<Held> portfolios;          // [candidates]
  std::vector<std::size_t> period_ends;  // [periods] bar at which each return of the accounts ends
  KnownRisk last_risk;
  std::size_t last_bar = 0;  // of the last decision
};

// Decides at the bars first, first + every, …, the last of which may be too late to be filled. The source of
// risk takes the settings of the first candidate.
WalkForward walk_forward(const market::Panel& panel, const RiskSettings& risk,
                         const std::vector<Candidate>& candidates, const Wishes& wishes, std::size_t first,
                         std::size_t every, const market::PortfolioCosts& costs);

}  // namespace regent::allocation
