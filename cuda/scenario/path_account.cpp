#include "cuda/scenario/path_account.hpp"

#include <cmath>
#include <vector>

#include "base/error.hpp"
#include "cuda/scenario/path_body.hpp"

namespace regent::cuda::scenario {

struct PathAccount::State {
  View view{};
  std::vector<float> target, holdings;  // [assets]
  Account<float> account{};
  std::int32_t steps = 0;

  State(const Costs& costs, double ruin_equity, std::size_t assets) : target(assets), holdings(assets, 0.0F) {
    view.assets = static_cast<std::int32_t>(assets);
    view.target = target.data();
    view.fee = static_cast<float>(costs.fee);
    view.half_spread = static_cast<float>(costs.half_spread);
    view.impact = static_cast<float>(costs.impact);
    view.ruin_equity = static_cast<float>(ruin_equity);
    account = account_start<float>(view);
  }
  Trades<float> trade_to(std::span<const double> weights, float growth) {
    for (std::size_t i = 0; i < target.size(); ++i) target[i] = static_cast<float>(weights[i]);
    return trade<AnySizes>(view, ViewTables<0>{view}, true, 1.0F, growth, PerAsset<float>{holdings.data()});
  }
};

PathAccount::PathAccount(const Costs& costs, double ruin_equity, std::span<const double> weights,
                         float spread, float impact)
    : state_(std::make_unique<State>(costs, ruin_equity, weights.size())) {
  State& s = *state_;
  const Trades<float> trades = s.trade_to(weights, 1.0F);
  settle(s.view, 0, 0.0F, cost_of(s.view, trades, spread, impact), 0.0F, s.account);
}
PathAccount::~PathAccount() = default;
PathAccount::PathAccount(PathAccount&&) noexcept = default;
PathAccount& PathAccount::operator=(PathAccount&&) noexcept = default;

void PathAccount::step(std::span<const float> log_returns, std::span<const double> weights, float spread,
                       float impact) {
  State& s = *state_;
  REGENT_INVARIANT(log_returns.size() == s.holdings.size() && weights.size() == s.holdings.size(),
                   "a return and a weight for every asset");
  float earned = 0.0F;
  for_groups<AnySizes>(s.view, [&](int first, auto group) {
    float r[group.count];
    earn<group.count>(log_returns.data() + first, first, PerAsset<float>{s.holdings.data()}, r, earned);
  });
  const Trades<float> trades = s.trade_to(weights, 1.0F + earned);
  settle(s.view, s.steps, earned, cost_of(s.view, trades, spread, impact), trades.sum, s.account);
  ++s.steps;
}

double PathAccount::equity() const {
  return state_->account.equity;
}
bool PathAccount::ruined() const {
  return state_->account.ruined;
}

void PathAccount::put(Outcomes& out, std::size_t at, std::uint8_t final_regime) const {
  const MarketState<float> market{final_regime, 0, 0.0F, 0.0F, 0.0F};
  store_outcome({out.final_equity.data(), out.turnover.data(), out.costs.data(), out.drawdown_max.data(),
                 out.ruin_step.data(), out.final_regime.data()},
                static_cast<std::int64_t>(at), market, state_->account);
  if (!std::isfinite(out.final_equity[at] + out.turnover[at] + out.costs[at] + out.drawdown_max[at]))
    throw Error(
        "scenario: an account left the range of numbers; its volatility, jumps or leverage are too large");
}

}  // namespace regent::cuda::scenario
