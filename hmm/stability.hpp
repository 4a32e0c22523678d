#pragma once
// How much of a history a refit renames.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hmm/model.hpp"

namespace regent::hmm {

struct Stability {
  std::vector<std::string> labels;  // [R] regimes of both models, those of the earlier first
  std::vector<std::int64_t>
      bars;  // [R, R]: in the row's regime by the earlier model, in the column's by the later
  std::int64_t impossible = 0;  // bars that either model holds impossible: they count as changed

  std::int64_t all() const;
  std::int64_t changed() const;
  double share() const { return static_cast<double>(changed()) / static_cast<double>(all()); }
};

// Compares the paths [bars] of states that either model gives the same bars, −1 where a model holds them
// impossible. Regimes are the same where their labels are: the models may differ in everything else. Throws
// InputError for paths of different length or of no bar.
Stability stability(const Model& before, std::span<const int> path_before, const Model& after,
                    std::span<const int> path_after);

}  // namespace regent::hmm
