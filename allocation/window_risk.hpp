#pragma once
// The covariance of the last so many log returns, by an estimator of regent::covariance.

#include <string>

#include "allocation/allocate.hpp"

namespace regent::allocation {

enum class Estimator { ewma, sample, ledoit_wolf, ledoit_wolf_identity, oas };

class WindowRisk {
 public:
  // window ≥ 2 returns; estimator other than ewma.
  WindowRisk(std::size_t symbols, Estimator estimator, std::size_t window);
  void update(std::span<const double> closes);  // [symbols], NaN: missing
  // Symbols that lack a close in the window, or did not move in it, are absent.
  KnownRisk known(const AllocatorSettings& settings) const;  // as EwmaRisk::known

 private:
  std::size_t symbols_, window_;
  Estimator estimator_;
  std::vector<double> closes_;  // [at most window + 1, symbols], the oldest first
};

}  // namespace regent::allocation
