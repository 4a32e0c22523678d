#include <cmath>
#include <string>

#include "base/error.hpp"
#include "cuda/scenario/scenario.hpp"

namespace regent::cuda::scenario {
namespace {

using Values = std::vector<double>;

[[noreturn]] void refuse(const std::string& what) {
  throw InputError("scenario: " + what);
}

std::string text(double value) {
  return std::to_string(value);
}

void check_range(const std::string& name, double value, double low, double high) {
  if (!(value >= low && value <= high))
    refuse(name + " is " + text(value) + "; from " + text(low) + " to " + text(high) + " is possible");
}

void check_size(const std::string& name, const Values& values, std::size_t size, bool may_be_empty = false) {
  if (may_be_empty && values.empty()) return;
  if (values.size() != size)
    refuse(name + " has " + std::to_string(values.size()) + " values, not " + std::to_string(size));
}

void check_values(const std::string& name, const Values& values, double low, double high) {
  for (std::size_t i = 0; i < values.size(); ++i)
    check_range(name + "[" + std::to_string(i) + "]", values[i], low, high);
}

// Rows of probabilities that sum to one.
void check_rows(const std::string& name, const Values& values, int columns) {
  check_values(name, values, 0, 1);
  for (std::size_t row = 0; row < values.size() / columns; ++row) {
    double sum = 0;
    for (int k = 0; k < columns; ++k) sum += values[row * columns + k];
    if (!(std::abs(sum - 1) <= 1e-9))
      refuse(name + " row " + std::to_string(row) + " sums to " + text(sum) + ", not to 1");
  }
}

// Log returns of a step beyond this are a mistake of units, not a market.
constexpr double log_return_max = 5;

void check_garch(const Volatility& v) {
  check_range("volatility.alpha", v.alpha, 0, 1);
  check_range("volatility.gamma", v.gamma, 0, 2);
  check_range("volatility.beta", v.beta, 0, 1);
  if (!(v.alpha + v.beta + v.gamma / 2 < 1))
    refuse("volatility alpha + beta + gamma/2 is " + text(v.alpha + v.beta + v.gamma / 2) +
           "; below 1 the variance has a mean");
}

void check_volatility(const Volatility& v) {
  check_range("volatility.ceiling", v.ceiling, 1e-12, 1e6);
  check_range("volatility.start", v.start, 0, v.ceiling);
  if (v.kind == VolatilityKind::garch) check_garch(v);
  if (v.kind != VolatilityKind::diffusion) return;
  check_range("volatility.reversion", v.reversion, 0, 1);
  check_range("volatility.level", v.level, 0, v.ceiling);
  check_range("volatility.deviation", v.deviation, 0, 10);
  check_range("volatility.correlation", v.correlation, -1, 1);
}

void check_own_volatility(const Law& law) {
  const OwnVolatility& v = law.own_volatility;
  check_range("own_volatility.persistence", v.persistence, 0, 0.9999);
  check_range("own_volatility.response", v.response, 0, 2);
  check_size("own_volatility.start", v.start, law.assets, true);
  check_values("own_volatility.start", v.start, 1e-6, 1e6);
  if (!v.apart && (v.persistence != 0 || v.response != 0 || !v.start.empty()))
    refuse("own_volatility has numbers, but own shocks go with the market's volatility; set apart");
}

void check_jumps(const Law& law) {
  const Jumps& jumps = law.jumps;
  if (jumps.intensity.empty()) return;
  check_size("jumps.intensity", jumps.intensity, law.regimes);
  check_values("jumps.intensity", jumps.intensity, 0, 4);
  check_size("jumps.scale", jumps.scale, law.assets);
  check_values("jumps.scale", jumps.scale, -100, 100);
  check_range("jumps.mean", jumps.mean, -log_return_max, log_return_max);
  check_range("jumps.deviation", jumps.deviation, 0, log_return_max);
  check_range("jumps.participation", jumps.participation, 0, 1);
  check_range("jumps.excitation", jumps.excitation, 0, 100);
  check_range("jumps.decay", jumps.decay, 0, 0.9999);
  check_range("jumps.variance", jumps.variance, 0, law.volatility.ceiling);
  if (jumps.variance > 0 && law.volatility.kind == VolatilityKind::constant)
    refuse("jumps.variance raises a volatility that is constant; 0, or volatility of another kind");
  if (law.volatility.kind == VolatilityKind::garch && jumps.variance > 0 && !(garch_base_of(law) > 0))
    refuse("jumps.variance is " + text(jumps.variance) + ": " + text(mean_jumps_of(law)) +
           " jumps a step raise v faster than 1 - alpha - beta - gamma/2 lets it fall; below " +
           text((1 - law.volatility.alpha - law.volatility.beta - law.volatility.gamma / 2) /
                mean_jumps_of(law)) +
           " the variance has a mean");
}

void check_dof(const std::string& name, double dof) {
  if (dof != 0 && !(dof > 2 && dof <= 1e4))
    refuse(name + " is " + text(dof) + "; above 2 (up to 10000) a Student-t has a variance, 0 is Gaussian");
}

void check_law(const Law& law) {
  check_range("assets", law.assets, 1, assets_max);
  check_range("factors", law.factors, 1, factors_max);
  check_range("regimes", law.regimes, 1, regimes_max);
  const std::size_t k = law.regimes, n = law.assets, f = law.factors;
  check_size("start", law.start, k);
  check_rows("start", law.start, law.regimes);
  check_size("transition", law.transition, k * k);
  check_rows("transition", law.transition, law.regimes);
  check_size("drift", law.drift, k * n);
  check_values("drift", law.drift, -log_return_max, log_return_max);
  check_size("drift_of_variance", law.drift_of_variance, k * n, true);
  check_values("drift_of_variance", law.drift_of_variance, -log_return_max, log_return_max);
  check_size("loadings", law.loadings, k * n * f);
  check_values("loadings", law.loadings, -log_return_max, log_return_max);
  check_size("idiosyncratic", law.idiosyncratic, k * n);
  check_values("idiosyncratic", law.idiosyncratic, 0, log_return_max);
  check_size("beta", law.beta, n, true);
  check_values("beta", law.beta, -100, 100);
  check_dof("dof", law.dof);
  check_size("idiosyncratic_dof", law.idiosyncratic_dof, n, true);
  for (std::size_t i = 0; i < law.idiosyncratic_dof.size(); ++i)
    check_dof("idiosyncratic_dof[" + std::to_string(i) + "]", law.idiosyncratic_dof[i]);
  check_volatility(law.volatility);
  check_own_volatility(law);
  check_jumps(law);
  check_range("liquidity.probability", law.liquidity.probability, 0, 1);
  check_range("liquidity.multiple", law.liquidity.multiple, 1, 1e4);
  check_range("liquidity.decay", law.liquidity.decay, 0, 1);
  check_size("liquidity.spread", law.liquidity.spread, k, true);
  check_values("liquidity.spread", law.liquidity.spread, 0, 1e4);
}

void check_history(const History& history, int steps) {
  check_range("assets", history.assets, 1, assets_max);
  const std::size_t n = history.assets, bars = history.log_returns.size() / n;
  if (bars == 0 || history.log_returns.size() % n != 0)
    refuse("history has " + std::to_string(history.log_returns.size()) + " returns, not whole bars of " +
           std::to_string(n) + " assets");
  if (history.log_returns.size() > std::size_t{1} << 30) refuse("history of more than 2^30 returns");
  check_values("history", history.log_returns, -log_return_max, log_return_max);
  if (!history.regime.empty() && history.regime.size() != bars)
    refuse("history.regime has " + std::to_string(history.regime.size()) + " values for " +
           std::to_string(bars) + " bars");
  for (const int regime : history.regime) check_range("history.regime", regime, 0, regimes_max - 1);
  check_range("block_bars", history.block_bars, 1, 1e6);
  if (history.kind == HistoryKind::replay && bars < static_cast<std::size_t>(steps))
    refuse("replay of " + std::to_string(steps) + " steps needs as many bars; the history has " +
           std::to_string(bars));
}

void check_stress(const std::string& name, const Stress& stress, const Task& task) {
  const int regimes = task.law != nullptr ? task.law->regimes : 0;
  check_range(name + ".volatility", stress.volatility, 0, 100);
  check_range(name + ".drift", stress.drift, -100, 100);
  check_range(name + ".market_move", stress.market_move, -log_return_max, log_return_max);
  check_range(name + ".jumps", stress.jumps, 0, 1000);
  check_range(name + ".spread", stress.spread, 0, 1e4);
  check_range(name + ".impact", stress.impact, 0, 1e4);
  check_range(name + ".regime", stress.regime, -1, regimes - 1);
  if (task.history != nullptr && stress.jumps != 1)
    refuse(name + ".jumps: a history has no jumps to multiply");
}

void check_policy(const Policy& policy, int assets) {
  check_size("policy.target", policy.target, assets);
  check_values("policy.target", policy.target, -100, 100);
  check_range("policy.rebalance_bars", policy.rebalance_bars, 0, 1e9);
  check_range("policy.volatility_target", policy.volatility_target, 0, 10);
  check_range("policy.volatility_half_life_bars", policy.volatility_half_life_bars, 0.1, 1e6);
  if (policy.trend_half_life_bars != 0)
    check_range("policy.trend_half_life_bars", policy.trend_half_life_bars, 0.1, 1e6);
  check_range("policy.exposure_max", policy.exposure_max, 0, 100);
}

}  // namespace

void validate(const Task& task) {
  if ((task.law != nullptr) == (task.history != nullptr)) refuse("either a law or a history, not both");
  check_range("steps", task.steps, 1, 1 << 24);
  if (task.law != nullptr) check_law(*task.law);
  if (task.history != nullptr) check_history(*task.history, task.steps);
  if (!task.schedule.empty() && task.schedule.size() != static_cast<std::size_t>(task.steps))
    refuse("schedule of " + std::to_string(task.schedule.size()) + " steps for " +
           std::to_string(task.steps));
  for (std::size_t t = 0; t < task.schedule.size(); ++t)
    check_stress("schedule[" + std::to_string(t) + "]", task.schedule[t], task);
  check_policy(task.policy, task.law != nullptr ? task.law->assets : task.history->assets);
  check_range("costs.fee", task.costs.fee, 0, 0.5);
  check_range("costs.half_spread", task.costs.half_spread, 0, 0.5);
  check_range("costs.impact", task.costs.impact, 0, 10);
  check_range("ruin_equity", task.ruin_equity, 0, 0.99);
}

}  // namespace regent::cuda::scenario
