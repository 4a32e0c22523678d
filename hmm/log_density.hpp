#pragma once
// log P(bar | state) of every bar, whatever the emission.

#include <span>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

// observations: [bars, D] in the features' own units, finite or NaN (marginalised; a bar without any: 0).
// Returns [bars, K], finite: not below −1e30.
std::vector<double> log_densities(const Model& model, std::span<const double> observations);

}  // namespace regent::hmm
