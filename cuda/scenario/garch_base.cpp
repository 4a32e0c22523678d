#include <algorithm>
#include <limits>

#include "cuda/scenario/scenario.hpp"

namespace regent::cuda::scenario {
namespace {

constexpr int squarings = 40;  // of a lazy chain: 2^40 steps
constexpr int steps_max = 1'000'000;
constexpr double made_max = 1e6;  // jumps a step; beyond, they breed without end

std::vector<double> squared(const std::vector<double>& p, std::size_t k) {
  std::vector<double> result(k * k, 0);
  for (std::size_t i = 0; i < k; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t to = 0; to < k; ++to) result[i * k + to] += p[i * k + j] * p[j * k + to];
    }
    for (std::size_t to = 0; to < k; ++to) sum += result[i * k + to];
    for (std::size_t to = 0; to < k; ++to) result[i * k + to] /= sum;  // rounding would grow
  }
  return result;
}

// Shares of time in the regimes in the long run from `start` on. Half of every step is none, so that a chain
// which goes round in circles has them too.
std::vector<double> long_run_shares(const Law& law) {
  const auto k = static_cast<std::size_t>(law.regimes);
  std::vector<double> p(k * k), shares(k, 0);
  for (std::size_t i = 0; i < k * k; ++i) p[i] = law.transition[i] / 2 + (i % (k + 1) == 0 ? 0.5 : 0);
  for (int n = 0; n < squarings; ++n) p = squared(p, k);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t to = 0; to < k; ++to) shares[to] += law.start[i] * p[i * k + to];
  }
  return shares;
}

}  // namespace

// With x the excitation of a step, of which excess[k] = E x·[regime k]: the step makes
// N = intensity_k·(1 + x) jumps in the mean, x' = decay·x + excitation·N, and the regime moves on.
double mean_jumps_of(const Law& law) {
  const Jumps& jumps = law.jumps;
  if (jumps.intensity.empty()) return 0;
  const std::vector<double> shares = long_run_shares(law);
  const std::size_t k = shares.size();
  std::vector<double> excess(k, 0), next(k);
  double made = 0, before = -1;
  for (int n = 0; n < steps_max && made < made_max; ++n) {
    std::fill(next.begin(), next.end(), 0.0);
    made = 0;
    for (std::size_t from = 0; from < k; ++from) {
      const double own = jumps.intensity[from] * (shares[from] + excess[from]);
      made += own;
      for (std::size_t to = 0; to < k; ++to)
        next[to] += law.transition[from * k + to] * (jumps.decay * excess[from] + jumps.excitation * own);
    }
    excess.swap(next);
    if (made - before <= 1e-13 * made) return made;  // it rises to its limit
    before = made;
  }
  return std::numeric_limits<double>::infinity();
}

double garch_base_of(const Law& law) {
  const Volatility& v = law.volatility;
  const double kicks = law.jumps.variance > 0 ? law.jumps.variance * mean_jumps_of(law) : 0;
  return 1 - v.alpha - v.beta - v.gamma / 2 - kicks;
}

}  // namespace regent::cuda::scenario
