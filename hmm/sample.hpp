#pragma once
// Paths drawn from a model.

#include <cstdint>
#include <span>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

struct SamplePath {
  std::vector<int> states;           // [bars]
  std::vector<double> observations;  // [bars, D], in the features' own units
};

// Draws are counter-based (Philox, base/philox.hpp): bar t of path p depends on (seed, p, t) and the bar
// before alone, so paths are the same whatever their number, the bars asked for and the threads. first: [K],
// the law of the first bar's state, e.g. a forecast; empty: the model's start law. Normals by Box and Muller
// (1958), the chi-square of a Student-t by Marsaglia and Tsang (2000). Throws InputError for a model or law
// that is none, or sizes below 1.
std::vector<SamplePath> sample(const Model& model, std::int64_t bars, int paths, std::uint64_t seed,
                               std::span<const double> first = {});

}  // namespace regent::hmm
