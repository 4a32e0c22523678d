#pragma once
// Convictions → weights: the first form targets a portfolio volatility. No torch here.
//   raw_i = conviction_i / volatility_i;  scale so that sqrt(w' Σ w) = budget (EWMA covariance Σ of log
//   returns per bar, zero mean as in RiskMetrics (1996), annualised); then caps: |w_i| <= position_max,
//   Σ|w_i| <= gross_max. budget = target_volatility · min(1, sqrt(mean conviction²)) over the symbols that
//   can be held (RiskScale::conviction), or target_volatility whatever the convictions' size
//   (RiskScale::full).
// Caps only ever shrink: when a capped hedge leaves more risk than the budget, all weights shrink until it
// fits.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace regent {
class Config;
}

namespace regent::models {

enum class RiskScale { conviction, full };

struct AllocatorSettings {
  double target_volatility = 0.10;  // annual
  double half_life_bars = 33;       // of the covariance
  double position_max = 0.10;       // fraction of equity
  double gross_max = 1.0;
  double periods_per_year = 252;
  int warmup_bars = 40;  // returns that a symbol must have shown before it has a covariance
  RiskScale risk = RiskScale::conviction;
};

// Section allocator of the config; periods_per_year comes from the data.
AllocatorSettings allocator_settings(const Config& config, double periods_per_year);

class Allocator {
 public:
  Allocator(const AllocatorSettings& settings, std::size_t symbols);
  ~Allocator();
  Allocator(const Allocator&);  // goes on by itself from here
  Allocator(Allocator&&) noexcept;
  Allocator& operator=(Allocator&&) noexcept;
  // [symbols], NaN: missing, its covariance waits. A return over a gap of n bars counts as one return divided
  // by √n. REQUIRES prices that are NaN or finite and > 0.
  void update(std::span<const double> closes);
  bool warm() const;  // warmup_bars returns were possible and at least one symbol has a covariance
  bool has_covariance(std::size_t symbol) const;
  double volatility(std::size_t symbol) const;  // annual; NaN without a covariance
  struct Weights {
    std::vector<double> weights;      // [symbols]
    double predicted_volatility = 0;  // annual
    double uncapped_volatility = 0;   // annual, before the caps: the budget unless nothing can be held
    std::vector<std::uint8_t> position_capped;  // [symbols] 1 where position_max bound
    bool gross_capped = false;                  // gross_max bound
  };
  // convictions [symbols] in [-1, 1]; NaN counts as a broken invariant, a symbol without covariance gets
  // weight 0.
  Weights allocate(std::span<const double> convictions) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::models
