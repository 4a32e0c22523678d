#pragma once
// From flat states to a hierarchy: which of K = M·m states belong together, by how they follow each other.

#include <cstdint>
#include <span>
#include <vector>

namespace regent::hmm {

// Log-likelihood of expected transition counts [K, K] under the likeliest hierarchy in which regime i owns
// the states order[i·m] … order[i·m + m − 1]: closed form, since a regime is never left for itself. Within a
// regime the counts say how its states move, between regimes they are exit × macro transition × entry.
double partition_likelihood(std::span<const double> counts, std::span<const int> order, int macros,
                            int micros);

// The order of greatest likelihood: of all, where there are at most 20,000 partitions (3 × 3: 280, 3 × 4:
// 5,775), else by exchanging states between regimes until no exchange helps, from several beginnings. Each
// regime's states ascend, and regimes are ordered by their first state.
std::vector<int> best_partition(std::span<const double> counts, int macros, int micros, std::uint64_t seed);

}  // namespace regent::hmm
