#pragma once
// How much of the history a refit renames.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

struct Stability {
  std::vector<std::string> labels;  // [M], of the later model
  std::vector<std::int64_t> bars;   // [M, M]: bars that were in the row's regime and are now in the column's
  std::vector<double> changed;  // [M], share of the bars of the earlier regime that are in another now; NaN
                                // where it had none
  double changed_in_all = 0;    // share of all bars whose regime changed
  double states_changed_in_all = 0;  // share of all bars whose micro state changed
};

// Decodes the same bars [bars, D] with both models, each bar by the likeliest filtered regime and state as
// live use would, and compares numbers, so match `after` to `before` first (a refit with `previous` is).
// Throws InputError for models of different shape or features, or no bar.
Stability stability(const Model& before, const Model& after, std::span<const double> observations);

}  // namespace regent::hmm
