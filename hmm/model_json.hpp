#pragma once
// A regime model as JSON that people read and type in (docs/commands/hmm.md describes the form):
//   {"format": "regent-hmm/1", "features": [D names], "labels": [M names],
//    "start": [K], "transition": [K][K],
//    "emission": {"kind": "gaussian", "means": [K][D], "covariances": [K][D][D]}}
// student_t adds "dof": [K]; a mixture has "weights": [K][C], "means": [K][C][D], "covariances":
// [K][C][D][D]. A hierarchy has, instead of start and transition, "hierarchy": {"macro_start": [M],
// "macro_transition": [M][M], "micro_start": [M][m], "micro_transition": [M][m][m], "micro_exit": [M][m]}.
// "bar_seconds", a number, is the usual step of the bars that the model was fitted on, and may be left out.
// Without features and emission it is a structure, to be used with a table of emission log-likelihoods.

#include <string>

#include "hmm/model.hpp"

namespace regent::hmm {

struct JsonReading {
  // Rows of probabilities that are off by at most row_error_max, as published tables with few digits are, are
  // divided by their sum; otherwise they are an error.
  bool normalise_rows = false;
  static constexpr double row_error_max = 0.01;
};

// Throws InputError naming origin and JSON path: malformed text (with line and column), an unknown or doubled
// key, a wrong shape, a row that does not sum to one (1e-9), a covariance that is not positive definite.
Model model_from_json(const std::string& text, const std::string& origin, const JsonReading& reading = {});

// Every number in the fewest digits that give the same double back.
std::string model_to_json(const Model& model);

}  // namespace regent::hmm
