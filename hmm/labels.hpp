#pragma once
// Stable names for what EM numbers at random.

#include <span>
#include <string>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

// The feature that "volatility" and "drift" speak of: the first whose name contains "return", else the first.
int return_feature(const Model& model);

// The same model with macro regime i taken from macro_order[i], and its micro state j from micro_order[i][j].
Model reordered(const Model& model, const std::vector<int>& macro_order,
                const std::vector<std::vector<int>>& micro_order);

// `weights`: [K] expected bars per state. Orders macro regimes, and micro states within, by volatility
// (standard deviation of the return feature, emission variance plus dispersion of means) and names them:
// calm, trend or mid, chaos for three; calm, chaos for two; regime_0… otherwise. The middle one is "trend"
// only where its drift differs from zero by two standard errors. `weights` is reordered too.
Model order_by_volatility(const Model& model, std::vector<double>& weights);

// Every label that a fit of so many macro regimes may give.
std::vector<std::string> possible_labels(int macros);

// The same model with its regimes in the order of those of `previous` that they match best (optimal
// assignment on the Bhattacharyya distance of emissions, macro regimes first, then micro states within), and
// its labels; only "trend" and "mid" are judged again. `weights` is reordered too.
Model match_to_previous(const Model& model, const Model& previous, std::vector<double>& weights);

// Column of every row in the assignment of least total cost; cost: [n, n]. Hungarian method (Kuhn 1955;
// Munkres 1957).
std::vector<int> optimal_assignment(std::span<const double> cost, int n);

}  // namespace regent::hmm
