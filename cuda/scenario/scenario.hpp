#pragma once
// Monte Carlo of many assets through regimes, fused with a portfolio: path → policy → costs → equity, without
// storing a path. A path is a function of (seed, path number) alone, so any of them is made again alone, on
// either device, with the same bits.
//
// Log return of asset i at a step in regime k (all per step):
//   x_i = drift_ki·d + drift_of_variance_ki·v·c² + W·c·(√v·Σ_f loadings_kif·z_f + √u_i·idiosyncratic_ki·ε_i)
//         + scale_i·taken_i·J + beta_i·m
// z standard normal; ε_i the asset's own shock: a Student-t of unit variance with idiosyncratic_dof_i (0:
// normal), made of one normal; W = √((ν − 2)/χ²_ν), shared by all assets (multivariate Student-t of unit
// variance); v the variance multiplier (GJR-GARCH, Glosten, Jagannathan, Runkle 1993, or a square-root
// diffusion by full truncation, Lord, Koekkoek, van Dijk 2010); u_i the same v, or the asset's own
// (OwnVolatility), with which the part −idiosyncratic²/2 of drift_of_variance then goes; J = N·mean +
// √N·deviation·z_J with N Poisson (Merton 1976), of which every asset takes part with a probability of its
// own draw, and which raises its own intensity (Hawkes 1971) and v; d, c, m from the schedule of stresses.
// Simple returns exp(x) − 1 compound.

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/runtime/resources.hpp"

namespace regent::cuda::scenario {

inline constexpr int assets_max = 512, factors_max = 32, regimes_max = 32;

enum class VolatilityKind { constant, garch, diffusion };

struct Volatility {  // of v, per step
  VolatilityKind kind = VolatilityKind::constant;
  // garch: v' = base + v·(beta + (alpha + gamma·[z_0 < 0])·(W·z_0)²) + what jumps add; base (garch_base_of)
  // makes the mean 1
  double alpha = 0, gamma = 0, beta = 0;
  // diffusion: v' = v + reversion·(level − v⁺) + deviation·√v⁺·(correlation·z_0 + √(1 − correlation²)·z_v)
  double reversion = 0, level = 1, deviation = 0, correlation = 0;
  double start = 1;
  double ceiling = 400;  // v stays below: twenty times the volatility
};

// Of the assets' own shocks, per step, asset by asset; apart from v where `apart` says so.
//   ln u' = persistence·ln u + response·(|z| − √(2/π)) + a constant that makes the mean of u 1
// z is the normal that the own shock is made of, not the heavy-tailed shock itself: a tail's outlier raises u
// no more than its probability says. Source: Nelson (1991), EGARCH without leverage.
struct OwnVolatility {
  bool apart = false;
  double persistence = 0, response = 0;
  std::vector<double> start;  // [assets] u at the first step; empty: drawn from the stationary law, as normal
};

// ln E u of a u whose logarithm has mean 0, in its stationary law: with a_j = response·persistence^j it is
// Σ_j a_j²/2 + ln 2Φ(a_j) − a_j·√(2/π), j >= 0. persistence in [0, 1), response finite.
double log_mean_of(const OwnVolatility& volatility);

struct Jumps {
  std::vector<double> intensity;  // [regimes] expected jumps per step; empty: none
  double mean = 0, deviation = 0;
  std::vector<double> scale;  // [assets]
  double participation = 1;   // probability that an asset takes part in a jump
  double excitation = 0;      // each jump multiplies the intensity by 1 + excitation, which decays
  double decay = 0;           // share of the excitation that is left a step later, in [0, 1)
  double variance = 0;        // what a jump adds to v; a garch falls back from it to its mean of 1
};

struct Liquidity {                                  // of spread and impact
  double probability = 0, multiple = 1, decay = 0;  // a shock at a step; what is left of its excess a step on
  std::vector<double> spread;                       // [regimes] times the spread; empty: 1
};

struct Law {
  int assets = 0, factors = 0, regimes = 1;
  std::vector<double> start, transition;         // [regimes], [regimes, regimes]
  std::vector<double> drift, drift_of_variance;  // [regimes, assets]; the latter empty: 0
  std::vector<double> loadings, idiosyncratic;   // [regimes, assets, factors], [regimes, assets] >= 0
  std::vector<double> beta;                      // [assets] to the schedule's market moves; empty: 1
  double dof = 0;                                // of W: > 2, or 0: Gaussian
  // [assets] of ε: > 2 each, or 0: Gaussian; empty: all Gaussian. The law ends where a log return has no mean
  // simple return any more: quantiles beyond a probability of 1e-5 grow no faster than a Gaussian's.
  std::vector<double> idiosyncratic_dof;
  Volatility volatility;
  OwnVolatility own_volatility;
  Jumps jumps;
  Liquidity liquidity;
};

// History instead of a law. stationary: Politis, Romano (1994), blocks of geometric length; circular: blocks
// of block_bars (Politis, Romano 1992); both wrap around. replay: path p is the history from bar
// p·replay_stride(windows) on, modulo the number of whole windows: each once before one comes again, and few
// paths are spread over all of history.
enum class HistoryKind { stationary, circular, replay };
// Near windows/φ and without a common divisor.
std::int32_t replay_stride(std::int32_t windows);
struct History {
  HistoryKind kind = HistoryKind::stationary;
  std::vector<double> log_returns;  // [bars, assets], finite
  std::vector<int> regime;          // [bars] as told of it, or empty
  int assets = 0;
  double block_bars = 1;
};

// Jumps per step in the long run of the regimes from `start` on, those that excitation breeds included;
// infinite where jumps breed jumps without end.
double mean_jumps_of(const Law& law);
// What a garch adds to v at every step: 1 − alpha − beta − gamma/2 − mean_jumps_of·jumps.variance. At 0 and
// below v has no mean.
double garch_base_of(const Law& law);

struct Stress {  // one step of the schedule
  double volatility = 1, drift = 1, market_move = 0, jumps = 1, spread = 1, impact = 1;
  int regime = -1;  // that the path is in, −1: as it comes; the next step moves on from it
};

// At the end of every rebalance_bars-th step the holdings go to target·exposure. The exposure is
// min(exposure_max, volatility_target / EWMA volatility) and 0 while the EWMA return is negative, where these
// are asked for, of the portfolio of constant weights `target`; it is known one bar before it trades. The
// first purchase is at the first step's beginning, with exposure 1.
struct Policy {
  std::vector<double> target;                                    // [assets] of equity, the rest is cash
  int rebalance_bars = 1;                                        // 0: never again
  double volatility_target = 0, volatility_half_life_bars = 20;  // per step; 0: none
  double trend_half_life_bars = 0;                               // 0: none
  double exposure_max = 1;
};

// cost = Σ|trade|·(fee + half_spread·spread multiple) + impact·impact multiple·Σ trade², of equity.
struct Costs {
  double fee = 0, half_spread = 0, impact = 0;
};

struct Task {
  const Law* law = nullptr;  // exactly one of the two
  const History* history = nullptr;
  std::span<const Stress> schedule;  // [steps], or empty: no stress
  Policy policy;
  Costs costs;
  double ruin_equity =
      0.1;  // at or below it a path is ruined: everything is sold, nothing is traded any more
  int steps = 0;
  std::uint64_t seed = 1;
};

// What happened to each path; equity begins at 1.
struct Outcomes {
  std::vector<double> final_equity, turnover, costs;  // turnover: Σ|trade| after the first purchase
  std::vector<float> drawdown_max;                    // positive fraction of the highest equity before
  std::vector<std::int32_t> ruin_step;                // −1: never
  std::vector<std::uint8_t> final_regime;
};

Outcomes room_for_outcomes(std::size_t paths);
// Entries [first, first + count) of `from`.
void append(Outcomes& to, const Outcomes& from, std::size_t first, std::size_t count);

struct Paths {
  std::vector<float> log_returns;     // [paths, steps, assets]
  std::vector<double> equity;         // [paths, steps]
  std::vector<std::uint8_t> regime;   // [paths, steps]
  std::vector<float> spread, impact;  // [paths, steps] how often the usual ones
  std::vector<double> weights;        // [paths, steps, assets] held from the step's end on; empty: not kept
};

// Throws InputError naming the table, its entry and what would be right.
void validate(const Task& task);

// Paths [first_path, first_path + paths). Bitwise the same on every device, for every split of the range and
// number of threads. Throws InputError as validate() does, Error naming a path whose result is not finite.
Outcomes run(const Resources& resources, const Task& task, std::uint64_t first_path, std::int64_t paths);
// The same with every step kept; on the CPU.
Paths record(const Resources& resources, const Task& task, std::uint64_t first_path, std::int64_t paths);

}  // namespace regent::cuda::scenario
