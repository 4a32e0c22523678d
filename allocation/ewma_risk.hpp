#pragma once
// The running covariance of log returns that a decision is sized by: exponentially weighted, zero mean as in
// RiskMetrics (1996), over pairs that were seen together, with a half-life of their own for the correlations
// and one for the level of all volatilities together, if wanted (Menchero, Wang & Orr 2011, The Barra US
// Equity Model). The level is
//   √(π/2) · mean over time of (mean over symbols of |r_i| / σ_i),  σ_i known before the bar,
// 1 where volatilities are right and returns normal. Each volatility is multiplied by it: that of one symbol
// needs a long memory, while many together tell within days that the market has become wilder. Absolute
// values, where Menchero, Wang & Orr take squares, so that one symbol's jump does not stand for the market.
// The state is a function of the closes alone.

#include <memory>

#include "allocation/allocate.hpp"

namespace regent::allocation {

class EwmaRisk {
 public:
  // Of the settings: half-lives and warm-up. More than no symbol.
  EwmaRisk(std::size_t symbols, const AllocatorSettings& settings);
  ~EwmaRisk();
  EwmaRisk(const EwmaRisk&);  // goes on by itself from here
  EwmaRisk(EwmaRisk&&) noexcept;
  EwmaRisk& operator=(EwmaRisk&&) noexcept;
  // [symbols], NaN: missing, its covariance waits. A return over a gap of n bars counts as one return divided
  // by √n. REQUIRES prices that are NaN or finite and > 0.
  void update(std::span<const double> closes);
  std::size_t symbols() const;
  bool warm() const;  // warmup_bars returns were possible, one symbol has a covariance
  bool has_returns(std::size_t symbol) const;     // it has shown warmup_bars of them
  bool has_covariance(std::size_t symbol) const;  // that, and it moves
  double variance(std::size_t symbol) const;      // per bar, at the level; REQUIRES has_covariance
  double level() const;                           // 1 before a symbol had a variance
  // Of symbols that have a covariance, [held, held] per bar; positive semi-definite also where pairs were
  // seen on different bars (one step of Higham 2002).
  covariance::Matrix covariance(std::span<const std::size_t> held) const;
  // Equally weighted rows that the correlations' weights are worth: (Σw)² / Σw², of a symbol without gaps.
  double rows() const;
  // Denoised where the settings say so; of them also the periods per year.
  KnownRisk known(const AllocatorSettings& settings) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::allocation
