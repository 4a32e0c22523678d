#pragma once
// What the bodies read: every table in float, laid out for lanes. Tables of regimes have `stride` entries a
// row (8, 16 or 32), so that a lane's regime is an index into registers. Internal to cuda/scenario.

#include <cstdint>

#include "cuda/scenario/scenario.hpp"
#include "cuda/scenario/words_body.hpp"

namespace regent::cuda::scenario {

inline constexpr int tail_nodes = 514;  // quantiles of W: 16 an octave from 2^−32 to 1, the last one twice
inline constexpr int jump_count_max = 16;

// An asset's own shock is z·p(min(z², curve_square_max)), z standard normal; p has curve_columns
// coefficients, the one of degree 0 first. The bound is 4.264890…², which a normal passes once in 100,000
// times on either side.
inline constexpr int curve_columns = 8;
inline constexpr float curve_square_max = 18.189294F;

// The columns of the schedule.
enum ScheduleColumn {
  schedule_volatility,
  schedule_drift,
  schedule_market_move,
  schedule_jumps,
  schedule_spread,
  schedule_impact,
  schedule_regime,
  schedule_columns = 8
};

struct View {
  std::int32_t assets, factors, regimes, stride, steps;
  // law
  const float* start;              // [regimes] cumulative, the last possible one is 2
  const float* leave;              // [stride] probability to leave
  const float* reach;              // [regimes, stride] the same for those that leave: cumulative, others only
  const float* drift;              // [assets, stride]; of a history its means
  const float* drift_of_variance;  // [assets, stride], or null: 0
  const float* loadings;           // [assets, factors, stride]
  const float* idiosyncratic;      // [assets, stride]
  const float* curve;              // [assets, curve_columns] of own shocks; null: Gaussian
  const float* own_start;          // [assets] log2 √u at the first step; null: drawn
  const float* intensity;          // [stride]
  const float* spread;             // [stride]
  const float* jump_scale;         // [assets]
  const float* beta;               // [assets]
  const float* tail;               // [tail_nodes]; null: Gaussian
  const float* schedule;           // [steps, schedule_columns]
  const float* target;             // [assets]
  // history, instead of a law when `bars` is not 0
  const float* history;                       // [bars, assets]
  const float* history_regime;                // [bars], the bits of an unsigned number
  std::int32_t bars, windows, replay_stride;  // windows: whole ones, of replay
  HistoryKind history_kind;
  float restart;  // probability of a new block, of stationary
  std::int32_t block;
  // volatility, jumps, liquidity
  VolatilityKind volatility;
  float variance_start, variance_ceiling;
  float garch_base, garch_alpha, garch_gamma, garch_beta;
  float reversion, level, deviation, correlation, correlation_rest;
  bool apart;                                     // own shocks have volatilities of their own
  float own_persistence, own_response, own_base;  // of log2 √u
  float own_centre, own_spread;                   // its stationary mean and deviation
  bool jumps, liquidity;
  float jump_mean, jump_deviation, participation, excitation, jump_decay, jump_variance;
  float shock_probability, shock_multiple, shock_decay;
  // policy and costs
  std::int32_t rebalance;
  bool features;                                                       // whether the policy looks at any
  float volatility_target, volatility_keep, trend_keep, exposure_max;  // keep 0 of trend: none
  float fee, half_spread, impact, ruin_equity;
  RoundKeys keys;
};

// Where a path's results go; entry: [paths].
struct OutcomeView {
  double *final_equity, *turnover, *costs;
  float* drawdown_max;
  std::int32_t* ruin_step;
  std::uint8_t* final_regime;
};

// Where its steps go, [paths, steps(, assets)]; null: nowhere.
struct RecordView {
  float* log_returns = nullptr;
  double* equity = nullptr;
  std::uint8_t* regime = nullptr;
  float *spread = nullptr, *impact = nullptr;
};

}  // namespace regent::cuda::scenario
