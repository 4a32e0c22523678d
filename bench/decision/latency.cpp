#include "bench/decision/latency.hpp"

#include <algorithm>
#include <cmath>

namespace regent::bench {

double Latencies::quantile(double q) const {
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const double rank = std::ceil(q * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

nlohmann::json Latencies::summary() const {
  return {{"p50_us", quantile(0.5)},
          {"p90_us", quantile(0.9)},
          {"p99_us", quantile(0.99)},
          {"max_us", quantile(1)},
          {"requests", values_.size()}};
}

nlohmann::json compare(const Latencies& ours, const Latencies& peer, double q, double must) {
  const double a = ours.quantile(q);
  const double b = peer.quantile(q);
  nlohmann::json result{{"ours", a},    {"peer", b},        {"ratio", b / a},
                        {"unit", "us"}, {"floor", nullptr}, {"must", must}};
  if (b / a < must) result["failed"] = true;
  return result;
}

}  // namespace regent::bench
