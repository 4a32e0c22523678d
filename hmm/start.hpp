#pragma once
// Where a restart of the fit begins: k-means++ (Arthur, Vassilvitskii 2007) on sorted, standardised bars,
// with Philox.

#include <cstdint>
#include <span>
#include <vector>

#include "hmm/fit_group.hpp"
#include "hmm/lane_fit.hpp"

namespace regent::hmm {

// Cluster of every row of `points` [rows, dimension] by k-means++ and at most `rounds_max` rounds of Lloyd's,
// of which the first only says which seed is nearest. Draws
// depend on the sorted points, `path` and `seed` alone. Clusters are numbered by first appearance in sorted
// order.
std::vector<int> cluster(std::span<const double> points, int dimension, int clusters, std::uint64_t seed,
                         std::uint32_t path, int rounds_max = 25);

// A missing value counts as the centre here, only here. Restarts differ in how bars are first split into
// macro regimes, or into the states of a flat model: by the local level and spread over a window, by grouping
// k-means clusters, by k-means, or by its seeds alone.
LaneFit start_lane(const Stretches& stretches, const FitSettings& settings, int dimension, int restart);

// Begins at `model`, of the fit's own shape. A macro self-transition becomes part of staying, which is the
// same law.
LaneFit lane_of(const Model& model, const Standardisation& standardisation);

}  // namespace regent::hmm
