#pragma once
// Convictions → weights: the first form targets a portfolio volatility. No torch here.
//   raw_i = conviction_i / volatility_i;  scale so that sqrt(w' Σ w) = target (EWMA covariance Σ of daily log returns,
//   annualised); then caps: |w_i| <= position_max, Σ|w_i| <= gross_max. Scaling never raises w above the caps.

#include <memory>
#include <span>
#include <vector>

namespace regent::models {

struct AllocatorSettings {
  double target_volatility = 0.10;  // annual
  double half_life_bars = 33;       // of the covariance
  double position_max = 0.10;       // fraction of equity
  double gross_max = 1.0;
  double periods_per_year = 252;
  int warmup_bars = 40;
};

class Allocator {
 public:
  Allocator(const AllocatorSettings& settings, std::size_t symbols);
  ~Allocator();
  Allocator(Allocator&&) noexcept;
  Allocator& operator=(Allocator&&) noexcept;
  void update(std::span<const double> closes);  // [symbols], NaN: missing, its covariance waits
  bool warm() const;
  struct Weights {
    std::vector<double> weights;      // [symbols]
    double predicted_volatility = 0;  // annual
  };
  // convictions [symbols] in [-1, 1]; NaN counts as a broken invariant, a symbol without covariance gets weight 0.
  Weights allocate(std::span<const double> convictions) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace regent::models
