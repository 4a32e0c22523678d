#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numbers>

#include "base/error.hpp"
#include "base/normal.hpp"
#include "cuda/scenario/launch.hpp"

namespace regent::cuda::scenario::detail {
namespace {

constexpr float beyond = 2;  // above every uniform number

int assets_of(const Task& task) {
  return task.law != nullptr ? task.law->assets : task.history->assets;
}

// Appends tables to the block; until it is whole a table is known by where it begins.
class Block {
 public:
  explicit Block(Packed& packed) : packed_(packed) {}
  void add(const float* View::*table, const std::vector<float>& values) {
    while (packed_.floats.size() % 16 != 0) packed_.floats.push_back(0);
    places_.push_back({table, packed_.floats.size()});
    packed_.floats.insert(packed_.floats.end(), values.begin(), values.end());
  }
  void finish() {
    for (const auto& [table, place] : places_) packed_.view.*table = packed_.floats.data() + place;
  }

 private:
  struct Place {
    const float* View::*table;
    std::size_t at;
  };
  Packed& packed_;
  std::vector<Place> places_;
};

std::vector<float> floats_of(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

// [regimes, rest] → [rest, stride]
std::vector<float> by_regime(const std::vector<double>& values, int regimes, int stride) {
  const std::size_t rest = values.size() / regimes;
  std::vector<float> out(rest * stride, 0);
  for (int k = 0; k < regimes; ++k) {
    for (std::size_t i = 0; i < rest; ++i) out[i * stride + k] = static_cast<float>(values[k * rest + i]);
  }
  return out;
}

// Thresholds of the entries of a row: entry k is taken where u is below threshold k and not below k − 1. From
// the last possible entry on nothing is above, so that rounding never leads to an impossible one.
std::vector<float> thresholds(const double* row, int size, int without) {
  std::vector<float> out(size);
  int last = 0;
  for (int k = 0; k < size; ++k) last = k != without && row[k] > 0 ? k : last;
  double sum = 0;
  for (int k = 0; k < size; ++k) {
    sum += k == without ? 0 : row[k];
    out[k] = k >= last ? beyond : static_cast<float>(sum);
  }
  return out;
}

void add_regimes(const Law& law, int stride, Block& block) {
  const int regimes = law.regimes;
  std::vector<float> leave(stride, 0), reach(static_cast<std::size_t>(regimes) * stride, beyond);
  for (int from = 0; from < regimes; ++from) {
    const double* row = &law.transition[static_cast<std::size_t>(from) * regimes];
    double others = 0;
    for (int to = 0; to < regimes; ++to) others += to == from ? 0 : row[to];
    // u is never above 1, and 1 itself must leave where the path has to
    leave[from] = others >= 1 - 1e-9 ? beyond : static_cast<float>(others);
    const auto own = thresholds(row, regimes, from);
    for (int to = 0; to < regimes; ++to) reach[to * stride + from] = own[to];
  }
  block.add(&View::start, thresholds(law.start.data(), regimes, -1));
  block.add(&View::leave, leave);
  block.add(&View::reach, reach);
}

// [assets, curve_columns]; assets of equal degrees of freedom share the work.
std::vector<float> curves_of(const std::vector<double>& dof) {
  std::map<double, std::array<double, curve_columns>> known{{0, {1}}};  // the normal itself
  std::vector<float> rows;
  for (const double one : dof) {
    if (!known.contains(one)) known[one] = student_curve(one);
    rows.insert(rows.end(), known[one].begin(), known[one].end());
  }
  return rows;
}

// What goes with v: without the own shocks' part where they have volatilities of their own.
std::vector<double> drift_of_shared_variance(const Law& law) {
  std::vector<double> drift = law.drift_of_variance;
  if (!law.own_volatility.apart) return drift;
  for (std::size_t i = 0; i < drift.size(); ++i)
    drift[i] += 0.5 * law.idiosyncratic[i] * law.idiosyncratic[i];
  return drift;
}

constexpr double half_log2e = 0.5 / std::numbers::ln2;  // ln u → log2 √u

std::vector<float> own_starts_of(const OwnVolatility& volatility) {
  std::vector<float> logs;
  for (const double u : volatility.start) logs.push_back(static_cast<float>(half_log2e * std::log(u)));
  return logs;
}

void put_own_volatility(const OwnVolatility& v, View& view) {
  view.apart = v.apart;
  if (!v.apart) return;
  const double centre = -half_log2e * log_mean_of(v);
  const double response = half_log2e * v.response, rest = 1 - v.persistence * v.persistence;
  view.own_persistence = static_cast<float>(v.persistence);
  view.own_response = static_cast<float>(response);
  view.own_base = static_cast<float>((1 - v.persistence) * centre - response * normal_size_mean);
  view.own_centre = static_cast<float>(centre);
  view.own_spread =
      static_cast<float>(response * std::sqrt((1 - normal_size_mean * normal_size_mean) / rest));
}

void add_law(const Law& law, int stride, Block& block) {
  const auto filled = [](const std::vector<double>& values, std::size_t size, double otherwise) {
    return values.empty() ? std::vector<double>(size, otherwise) : values;
  };
  const auto table = [&](const std::vector<double>& values) {
    return by_regime(values, law.regimes, stride);
  };
  add_regimes(law, stride, block);
  block.add(&View::drift, table(law.drift));
  if (!law.drift_of_variance.empty())
    block.add(&View::drift_of_variance, table(drift_of_shared_variance(law)));
  block.add(&View::loadings, table(law.loadings));
  block.add(&View::idiosyncratic, table(law.idiosyncratic));
  if (std::ranges::any_of(law.idiosyncratic_dof, [](double dof) { return dof > 0; }))
    block.add(&View::curve, curves_of(law.idiosyncratic_dof));
  if (!law.own_volatility.start.empty()) block.add(&View::own_start, own_starts_of(law.own_volatility));
  block.add(&View::intensity, table(filled(law.jumps.intensity, law.regimes, 0)));
  block.add(&View::spread, table(filled(law.liquidity.spread, law.regimes, 1)));
  block.add(&View::jump_scale, floats_of(filled(law.jumps.scale, law.assets, 0)));
  block.add(&View::beta, floats_of(filled(law.beta, law.assets, 1)));
  if (law.dof > 0) block.add(&View::tail, floats_of(tail_quantiles(law.dof)));
}

void add_history(const History& history, int stride, Block& block) {
  const std::size_t n = history.assets, bars = history.log_returns.size() / n;
  std::vector<double> mean(n, 0);
  for (std::size_t i = 0; i < history.log_returns.size(); ++i) mean[i % n] += history.log_returns[i];
  for (double& value : mean) value /= static_cast<double>(bars);
  std::vector<float> regime(bars, 0);
  for (std::size_t bar = 0; bar < history.regime.size(); ++bar)
    regime[bar] = std::bit_cast<float>(static_cast<std::uint32_t>(history.regime[bar]));
  block.add(&View::drift, by_regime(mean, 1, stride));
  block.add(&View::beta, std::vector<float>(n, 1));
  block.add(&View::history, floats_of(history.log_returns));
  block.add(&View::history_regime, regime);
}

void add_schedule(const Task& task, Block& block) {
  std::vector<float> rows;
  rows.reserve(static_cast<std::size_t>(task.steps) * schedule_columns);
  const Stress none;
  for (int t = 0; t < task.steps; ++t) {
    const Stress& s = task.schedule.empty() ? none : task.schedule[t];
    for (const double value : {s.volatility, s.drift, s.market_move, s.jumps, s.spread, s.impact,
                               static_cast<double>(s.regime), 0.0})
      rows.push_back(static_cast<float>(value));
  }
  block.add(&View::schedule, rows);
}

void put_volatility(const Law& law, View& view) {
  const Volatility& v = law.volatility;
  view.volatility = v.kind;
  view.variance_start = static_cast<float>(v.start);
  view.variance_ceiling = static_cast<float>(v.ceiling);
  view.garch_base = static_cast<float>(garch_base_of(law));
  view.garch_alpha = static_cast<float>(v.alpha);
  view.garch_gamma = static_cast<float>(v.gamma);
  view.garch_beta = static_cast<float>(v.beta);
  view.reversion = static_cast<float>(v.reversion);
  view.level = static_cast<float>(v.level);
  view.deviation = static_cast<float>(v.deviation);
  view.correlation = static_cast<float>(v.correlation);
  view.correlation_rest = static_cast<float>(std::sqrt(1 - v.correlation * v.correlation));
}

void put_law(const Law& law, View& view) {
  view.factors = law.factors;
  view.regimes = law.regimes;
  put_volatility(law, view);
  put_own_volatility(law.own_volatility, view);
  view.jumps = !law.jumps.intensity.empty();
  view.jump_mean = static_cast<float>(law.jumps.mean);
  view.jump_deviation = static_cast<float>(law.jumps.deviation);
  view.participation = static_cast<float>(law.jumps.participation);
  view.excitation = static_cast<float>(law.jumps.excitation);
  view.jump_decay = static_cast<float>(law.jumps.decay);
  view.jump_variance = static_cast<float>(law.jumps.variance);
  view.liquidity = law.liquidity.probability > 0 || !law.liquidity.spread.empty();
  view.shock_probability = static_cast<float>(law.liquidity.probability);
  view.shock_multiple = static_cast<float>(law.liquidity.multiple);
  view.shock_decay = static_cast<float>(law.liquidity.decay);
}

void put_history(const History& history, int steps, View& view) {
  view.factors = 1;
  view.regimes = 1;
  view.bars = static_cast<std::int32_t>(history.log_returns.size() / history.assets);
  view.windows = std::max(1, view.bars - steps + 1);
  view.replay_stride = replay_stride(view.windows);
  view.history_kind = history.kind;
  view.block = static_cast<std::int32_t>(std::lround(history.block_bars));
  view.restart = static_cast<float>(1 / history.block_bars);
}

// What an EWMA keeps a bar, of half-life h bars.
float kept(double half_life) {
  return half_life > 0 ? static_cast<float>(std::exp2(-1 / half_life)) : 0.0F;
}

void put_policy(const Task& task, View& view) {
  const Policy& policy = task.policy;
  view.rebalance = policy.rebalance_bars;
  view.features = policy.volatility_target > 0 || policy.trend_half_life_bars > 0;
  view.volatility_target = static_cast<float>(policy.volatility_target);
  view.volatility_keep = kept(policy.volatility_half_life_bars);
  view.trend_keep = kept(policy.trend_half_life_bars);
  view.exposure_max = static_cast<float>(policy.exposure_max);
  view.fee = static_cast<float>(task.costs.fee);
  view.half_spread = static_cast<float>(task.costs.half_spread);
  view.impact = static_cast<float>(task.costs.impact);
  view.ruin_equity = static_cast<float>(task.ruin_equity);
}

}  // namespace

Packed packed(const Task& task) {
  Packed packed;
  View& view = packed.view;
  view.assets = assets_of(task);
  view.steps = task.steps;
  const int regimes = task.law != nullptr ? task.law->regimes : 1;
  view.stride = regimes > 16 ? 32 : regimes > 8 ? 16 : 8;
  view.keys = round_keys(task.seed);
  Block block(packed);
  if (task.law != nullptr) {
    put_law(*task.law, view);
    add_law(*task.law, view.stride, block);
  } else {
    put_history(*task.history, task.steps, view);
    add_history(*task.history, view.stride, block);
  }
  put_policy(task, view);
  add_schedule(task, block);
  block.add(&View::target, floats_of(task.policy.target));
  block.finish();
  return packed;
}

View Packed::at(const float* base) const {
  View moved = view;
  for (const float* View::*table :
       {&View::start, &View::leave, &View::reach, &View::drift, &View::drift_of_variance, &View::loadings,
        &View::idiosyncratic, &View::curve, &View::own_start, &View::intensity, &View::spread,
        &View::jump_scale, &View::beta, &View::tail, &View::schedule, &View::target, &View::history,
        &View::history_regime}) {
    if (view.*table != nullptr) moved.*table = base + (view.*table - floats.data());
  }
  return moved;
}

}  // namespace regent::cuda::scenario::detail
