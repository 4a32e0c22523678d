#pragma once
// The account of one path whose weights come from outside, bar by bar: trades, costs, drawdown and ruin as
// run() has them, by the same code, so that the weights of a Policy give the same bits here as there.

#include <cstdint>
#include <memory>
#include <span>

#include "cuda/scenario/scenario.hpp"

namespace regent::cuda::scenario {

class PathAccount {
 public:
  // Buys `weights` [assets], fractions of equity, before the first step. spread and impact: how often the
  // usual ones, as of that step.
  PathAccount(const Costs& costs, double ruin_equity, std::span<const double> weights, float spread,
              float impact);
  ~PathAccount();
  PathAccount(PathAccount&&) noexcept;
  PathAccount& operator=(PathAccount&&) noexcept;

  // A step: the prices move by log_returns [assets], then the holdings go to `weights` [assets].
  void step(std::span<const float> log_returns, std::span<const double> weights, float spread, float impact);
  double equity() const;  // 1 at the start
  bool ruined() const;
  // Into entry `at` of `out`; final_regime is the path's. Throws Error where a result is not finite.
  void put(Outcomes& out, std::size_t at, std::uint8_t final_regime) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::cuda::scenario
