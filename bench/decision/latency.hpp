#pragma once
// Round-trip times and their quantiles.

#include <nlohmann/json.hpp>
#include <vector>

namespace regent::bench {

class Latencies {
 public:
  void add(double microseconds) { values_.push_back(microseconds); }
  double quantile(double q) const;  // nearest rank; REQUIRES at least one value
  nlohmann::json summary() const;   // {"p50_us", "p90_us", "p99_us", "max_us", "requests"}

 private:
  std::vector<double> values_;
};

// A case as bench/result.py has it: ratio = peer / ours, above 1 when ours is faster; failed below `must`.
nlohmann::json compare(const Latencies& ours, const Latencies& peer, double q, double must);

}  // namespace regent::bench
