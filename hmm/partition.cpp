#include "hmm/partition.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/philox.hpp"
#include "cuda/hmm/layout.hpp"

namespace regent::hmm {
namespace {

using cuda::hmm::states_max;

constexpr double partitions_max = 20'000;
constexpr int beginnings = 16;  // of the search by exchanges

double entropy_term(double count) {
  return count > 0 ? count * std::log(count) : 0;
}

double partitions_of(int macros, int micros) {
  double log_count =
      std::lgamma(macros * micros + 1) - macros * std::lgamma(micros + 1) - std::lgamma(macros + 1);
  return std::exp(log_count);
}

// Every partition once: the lowest open state heads the next regime, and its companions ascend.
template <class Visit>
void for_each_partition(std::vector<int>& order, std::uint32_t open, int micros, const Visit& visit) {
  const std::size_t place = order.size();
  if (open == 0) return visit(order);
  const bool heads = place % micros == 0;
  for (int k = heads ? 0 : order.back() + 1; k < states_max; ++k) {
    if ((open >> k & 1U) == 0) continue;
    order.push_back(k);
    for_each_partition(order, open & ~(1U << k), micros, visit);
    order.pop_back();
    if (heads) return;
  }
}

std::vector<int> by_enumeration(std::span<const double> counts, int macros, int micros) {
  std::vector<int> order, best;
  double best_likelihood = -INFINITY;
  const int states = macros * micros;
  const std::uint32_t all = states == 32 ? ~0U : (1U << states) - 1;
  for_each_partition(order, all, micros, [&](const std::vector<int>& candidate) {
    const double likelihood = partition_likelihood(counts, candidate, macros, micros);
    if (best.empty() || likelihood > best_likelihood) {
      best_likelihood = likelihood;
      best = candidate;
    }
  });
  return best;
}

double improve_by_exchanges(std::span<const double> counts, std::vector<int>& order, int macros, int micros) {
  double best = partition_likelihood(counts, order, macros, micros);
  for (bool improved = true; improved;) {
    improved = false;
    for (int a = 0; a < macros * micros; ++a) {
      for (int b = (a / micros + 1) * micros; b < macros * micros; ++b) {
        std::swap(order[a], order[b]);
        const double likelihood = partition_likelihood(counts, order, macros, micros);
        if (likelihood > best + 1e-12 * std::abs(best)) {
          best = likelihood;
          improved = true;
        } else {
          std::swap(order[a], order[b]);
        }
      }
    }
  }
  return best;
}

std::vector<int> shuffled(int states, std::uint64_t seed, std::uint32_t path) {
  std::vector<int> order(states);
  std::iota(order.begin(), order.end(), 0);
  for (int left = states; left > 1; --left) {
    const Philox4 bits = Random{seed}.bits(path, left, 0, Purpose::hmm_initialisation);
    const double draw = uniform_from_bits(bits.x, bits.y);
    std::swap(order[left - 1], order[std::min(left - 1, static_cast<int>(draw * left))]);
  }
  return order;
}

std::vector<int> by_exchanges(std::span<const double> counts, int macros, int micros, std::uint64_t seed) {
  std::vector<int> best;
  double best_likelihood = -INFINITY;
  constexpr std::uint32_t first_path = 1U << 24;  // beyond those of the clusters
  for (int beginning = 0; beginning < beginnings; ++beginning) {
    std::vector<int> order = shuffled(macros * micros, seed, first_path + beginning);
    const double likelihood = improve_by_exchanges(counts, order, macros, micros);
    if (best.empty() || likelihood > best_likelihood) {
      best_likelihood = likelihood;
      best = order;
    }
  }
  return best;
}

std::vector<int> in_standard_order(std::vector<int> order, int macros, int micros) {
  std::vector<std::vector<int>> regimes;
  for (int i = 0; i < macros; ++i) {
    regimes.emplace_back(order.begin() + i * micros, order.begin() + (i + 1) * micros);
    std::sort(regimes.back().begin(), regimes.back().end());
  }
  std::sort(regimes.begin(), regimes.end());
  order.clear();
  for (const auto& regime : regimes) order.insert(order.end(), regime.begin(), regime.end());
  return order;
}

}  // namespace

double partition_likelihood(std::span<const double> counts, std::span<const int> order, int macros,
                            int micros) {
  const int states = macros * micros;
  std::array<double, states_max> arrivals{}, exits{};
  std::array<double, states_max * states_max> moves{};
  double sum = 0;
  for (int from = 0; from < states; ++from) {
    const int i = from / micros;
    double leaving = 0, all = 0;
    for (int to = 0; to < states; ++to) {
      const double count = counts[order[from] * states + order[to]];
      all += count;
      if (to / micros == i) {
        sum += entropy_term(count);
      } else {
        leaving += count;
        moves[i * macros + to / micros] += count;
        arrivals[to] += count;
      }
    }
    exits[i] += leaving;
    sum += entropy_term(leaving) - entropy_term(all);
  }
  for (int i = 0; i < macros; ++i) {
    double arrived = 0;
    for (int to = 0; to < macros; ++to) sum += entropy_term(moves[i * macros + to]);
    for (int k = i * micros; k < (i + 1) * micros; ++k) {
      sum += entropy_term(arrivals[k]);
      arrived += arrivals[k];
    }
    sum -= entropy_term(exits[i]) + entropy_term(arrived);
  }
  return sum;
}

std::vector<int> best_partition(std::span<const double> counts, int macros, int micros, std::uint64_t seed) {
  return partitions_of(macros, micros) <= partitions_max
             ? by_enumeration(counts, macros, micros)
             : in_standard_order(by_exchanges(counts, macros, micros, seed), macros, micros);
}

}  // namespace regent::hmm
